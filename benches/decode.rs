//! How fast one log object becomes records: gzip and JSON together.

use std::hint::black_box;
use std::io::Write;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firstseen::decode::Decoder;
use flate2::{Compression, write::GzEncoder};

fn object() -> (Vec<u8>, u64) {
    let folder = std::env::temp_dir().join(format!("firstseen-bench-{}", std::process::id()));
    let plan = firstseen::synth::Plan { bytes: 4_000_000, seed: 1, days: 60 };
    firstseen::synth::synthesize(&folder, &plan).expect("a temporary folder");
    let archives = firstseen::source::Archives::open(std::slice::from_ref(&folder)).expect("the archive");
    let listing = archives.list(&Default::default(), &mut || true).expect("its objects");
    let (mut stored, mut text) = (Vec::new(), Vec::new());
    for object in &listing.objects {
        archives.read(object, &mut stored).expect("one object");
        let mut decoder = flate2::read::MultiGzDecoder::new(stored.as_slice());
        let _ = std::io::copy(&mut decoder, &mut text);
    }
    let _ = std::fs::remove_dir_all(folder);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&text).expect("memory");
    (encoder.finish().expect("memory"), text.len() as u64)
}

fn decode(criterion: &mut Criterion) {
    let (stored, bytes) = object();
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Bytes(bytes));
    let mut decoder = Decoder::new(1 << 30);
    group.bench_function("object", |bencher| {
        bencher.iter(|| {
            decoder.decode(black_box(&stored), |found| {
                black_box(found);
            })
        })
    });
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
