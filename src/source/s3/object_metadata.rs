//! The S3 metadata of an object.

use aws_sdk_s3::operation::get_object::GetObjectOutput;

/// The S3 metadata of an object.
#[derive(Debug)]
pub(super) struct ObjectMetadata {
    pub(super) etag: Option<String>,
    pub(super) version: Option<String>,
    pub(super) last_modified: Option<String>,
    pub(super) storage_class: Option<String>,
    pub(super) user_metadata: Vec<(String, String)>,
}

impl ObjectMetadata {
    pub(super) fn new(answer: &GetObjectOutput) -> Self {
        let mut user_metadata: Vec<(String, String)> = answer
            .metadata()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        user_metadata.sort();
        Self {
            etag: answer.e_tag().map(str::to_owned),
            version: answer.version_id().map(str::to_owned),
            last_modified: answer.last_modified().map(ToString::to_string),
            storage_class: answer.storage_class().map(|class| class.as_str().to_owned()),
            user_metadata,
        }
    }
}
