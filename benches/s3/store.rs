//! A local S3 server for `benches/s3/run.py`: serves the subfolders of a folder as buckets, to the user
//! `bench` with the secret `bench-secret`. The optional second argument delays each response by that many
//! milliseconds, to simulate a distant server. Prints its address and serves until its standard input ends.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::dto::{
    CommonPrefix, GetObjectInput, GetObjectOutput, ListObjectsV2Input, ListObjectsV2Output, Object,
    StreamingBlob,
};
use s3s::service::S3ServiceBuilder;
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};
use tokio::net::TcpListener;

/// Objects per page.
const PAGE: usize = 1_000;

/// Files as objects, with their names in memory: `s3s-fs` would walk all folders for every listing.
struct Store {
    root: PathBuf,
    /// Size of each file, by bucket and key.
    sizes: BTreeMap<String, u64>,
    delay: Duration,
}

impl Store {
    fn new(root: PathBuf, delay: Duration) -> Self {
        fn walk(folder: &Path, name: &str, sizes: &mut BTreeMap<String, u64>) {
            for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
                let name = format!("{name}{}", entry.file_name().to_str().expect("a name in UTF-8"));
                let about = entry.path().metadata().expect("metadata");
                if about.is_dir() {
                    walk(&entry.path(), &format!("{name}/"), sizes);
                } else {
                    sizes.insert(name, about.len());
                }
            }
        }
        let mut sizes = BTreeMap::new();
        walk(&root, "", &mut sizes);
        Self { root, sizes, delay }
    }
}

#[async_trait::async_trait]
impl S3 for Store {
    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        tokio::time::sleep(self.delay).await;
        let GetObjectInput { bucket, key, .. } = request.input;
        let bytes = std::fs::read(self.root.join(bucket).join(key)).map_err(|_| s3_error!(NoSuchKey))?;
        let content_length = i64::try_from(bytes.len()).ok();
        let body = Some(StreamingBlob::from(Body::from(bytes)));
        Ok(S3Response::new(GetObjectOutput { body, content_length, ..Default::default() }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        tokio::time::sleep(self.delay).await;
        let ListObjectsV2Input { bucket, prefix, delimiter, start_after, continuation_token, .. } =
            request.input;
        let prefix = format!("{bucket}/{}", prefix.unwrap_or_default());
        let after = continuation_token.or(start_after).map(|after| format!("{bucket}/{after}"));
        let from = after.map_or(prefix.clone(), |after| after.max(prefix.clone()));
        let below =
            self.sizes.range(from.clone()..).skip_while(|(name, _)| **name <= from && *name != &prefix);
        let mut output = ListObjectsV2Output { is_truncated: Some(false), ..Default::default() };
        let (mut objects, mut folders) = (Vec::new(), BTreeSet::new());
        for (name, size) in below.take_while(|(name, _)| name.starts_with(&prefix)) {
            let (key, rest) = (&name[bucket.len() + 1..], &name[prefix.len()..]);
            if let Some((folder, _)) = delimiter.as_ref().and_then(|_| rest.split_once('/')) {
                folders.insert(format!("{}{folder}/", &prefix[bucket.len() + 1..]));
                continue;
            }
            if objects.len() == PAGE {
                output.is_truncated = Some(true);
                output.next_continuation_token = objects.last().and_then(|last: &Object| last.key.clone());
                break;
            }
            objects.push(Object {
                key: Some(key.to_owned()),
                size: i64::try_from(*size).ok(),
                ..Default::default()
            });
        }
        output.contents = Some(objects);
        let folders = folders.into_iter().map(|prefix| CommonPrefix { prefix: Some(prefix) });
        output.common_prefixes = Some(folders.collect());
        Ok(S3Response::new(output))
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let folder = arguments.next().expect("a folder");
    let delay = arguments.next().map_or(0, |text| text.parse().expect("a number of milliseconds"));
    let mut builder = S3ServiceBuilder::new(Store::new(folder.into(), Duration::from_millis(delay)));
    builder.set_auth(SimpleAuth::from_single("bench", "bench-secret"));
    let service = builder.build();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    writeln!(std::io::stdout(), "http://{}", listener.local_addr().expect("its address")).expect("a reader");
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Without it every response waits for an acknowledgement: 24 objects per second.
            stream.set_nodelay(true).expect("no delay");
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service.clone()));
        }
    });
    let _ = std::io::stdin().read(&mut [0]);
}
