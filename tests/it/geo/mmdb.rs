//! Writes small databases in the MaxMind DB format.
//!
//! Source: MaxMind DB File Format Specification 2.0.

use std::net::IpAddr;

use serde_json::Value;

/// A database of some networks.
#[derive(Clone)]
pub(crate) struct Mmdb {
    /// Bits of a record of the search tree: 24, 28 or 32.
    pub(crate) record_size: u16,
    /// 4, or 6 for a tree that holds IPv4 addresses below `::/96`.
    pub(crate) ip_version: u16,
    pub(crate) kind: &'static str,
    pub(crate) build_epoch: u64,
    pub(crate) networks: Vec<(&'static str, Value)>,
    /// Whether records point to their texts and inner records.
    pub(crate) has_pointers: bool,
}

/// A record of the search tree.
#[derive(Clone, Copy)]
enum Record {
    Empty,
    Node(usize),
    /// Offset in the data section.
    Data(usize),
}

const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";

impl Mmdb {
    /// A database of IPv4 and IPv6 addresses, built on 2026-11-24.
    pub(crate) fn new(kind: &'static str, networks: Vec<(&'static str, Value)>) -> Self {
        Self {
            record_size: 24,
            ip_version: 6,
            kind,
            build_epoch: 1_795_500_000,
            networks,
            has_pointers: false,
        }
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let (mut nodes, mut data) = (vec![[Record::Empty; 2]], Vec::new());
        for (network, value) in &self.networks {
            let value = if self.has_pointers { pointing(value, &mut data) } else { encoded(value) };
            let at = data.len();
            data.extend(value);
            insert(&mut nodes, &self.bits(network), at);
        }
        let mut file = self.tree(&nodes);
        file.extend([0; 16]);
        file.extend(data);
        file.extend(MARKER);
        file.extend(self.metadata(nodes.len()));
        file
    }

    /// The path of a network from the root.
    fn bits(&self, network: &str) -> Vec<bool> {
        let (address, length) = network.split_once('/').unwrap();
        let length: usize = length.parse().unwrap();
        let (bits, width, skipped) = match address.parse().unwrap() {
            IpAddr::V4(address) if self.ip_version == 4 => (u128::from(u32::from(address)), 32, 0),
            IpAddr::V4(address) => (u128::from(u32::from(address)), 128, 96),
            IpAddr::V6(address) => (u128::from(address), 128, 0),
        };
        (0..skipped + length).map(|bit| bits >> (width - 1 - bit) & 1 == 1).collect()
    }

    fn tree(&self, nodes: &[[Record; 2]]) -> Vec<u8> {
        let number = |record: Record| match record {
            Record::Empty => nodes.len() as u32,
            Record::Node(node) => node as u32,
            Record::Data(at) => (nodes.len() + 16 + at) as u32,
        };
        let node = |[left, right]: &[Record; 2]| {
            let ([a, b, c, d], [e, f, g, h]) = (number(*left).to_be_bytes(), number(*right).to_be_bytes());
            match self.record_size {
                24 => vec![b, c, d, f, g, h],
                28 => vec![b, c, d, a << 4 | e, f, g, h],
                _ => vec![a, b, c, d, e, f, g, h],
            }
        };
        nodes.iter().flat_map(node).collect()
    }

    fn metadata(&self, nodes: usize) -> Vec<u8> {
        let number = |kind: u8, number: u64| {
            let bytes = number.to_be_bytes();
            let digits = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
            [head(kind, digits.len()), digits.to_vec()].concat()
        };
        let short = |value: u16| number(5, value.into());
        let fields = [
            ("binary_format_major_version", short(2)),
            ("binary_format_minor_version", short(0)),
            ("build_epoch", number(9, self.build_epoch)),
            ("database_type", text(self.kind)),
            ("description", head(7, 0)),
            ("ip_version", short(self.ip_version)),
            ("languages", head(11, 0)),
            ("node_count", number(6, nodes as u64)),
            ("record_size", short(self.record_size)),
        ];
        let fields_of = fields.iter().flat_map(|(name, value)| [text(name), value.clone()].concat());
        [head(7, fields.len()), fields_of.collect()].concat()
    }
}

/// Adds a network; what an earlier, wider one has is kept beside it.
fn insert(nodes: &mut Vec<[Record; 2]>, bits: &[bool], data: usize) {
    let (last, above) = bits.split_last().unwrap();
    let mut node = 0;
    for bit in above {
        node = match nodes[node][usize::from(*bit)] {
            Record::Node(next) => next,
            wider => {
                nodes.push([wider; 2]);
                nodes[node][usize::from(*bit)] = Record::Node(nodes.len() - 1);
                nodes.len() - 1
            }
        };
    }
    nodes[node][usize::from(*last)] = Record::Data(data);
}

/// The control bytes of a value.
fn head(kind: u8, size: usize) -> Vec<u8> {
    assert!(size < 285);
    let (size, more) = if size < 29 { (size as u8, None) } else { (29, Some((size - 29) as u8)) };
    let kind = if kind < 8 { vec![kind << 5 | size] } else { vec![size, kind - 7] };
    kind.into_iter().chain(more).collect()
}

fn text(text: &str) -> Vec<u8> {
    [&head(2, text.len()), text.as_bytes()].concat()
}

/// A record with pointers to all in it, which is added to the data section.
fn pointing(value: &Value, data: &mut Vec<u8>) -> Vec<u8> {
    let added = |bytes: Vec<u8>, data: &mut Vec<u8>| {
        let at = (data.len() as u32).to_be_bytes();
        data.extend(bytes);
        [&[1 << 5 | 3 << 3][..], &at].concat()
    };
    let Value::Object(fields) = value else { return encoded(value) };
    let mut record = head(7, fields.len());
    for (name, value) in fields {
        record.extend(added(text(name), data));
        let value = pointing(value, data);
        record.extend(added(value, data));
    }
    record
}

/// A value of the data section; numbers are `uint32`.
fn encoded(value: &Value) -> Vec<u8> {
    match value {
        Value::String(string) => text(string),
        Value::Bool(flag) => head(14, usize::from(*flag)),
        Value::Number(number) => {
            [head(6, 4), (number.as_u64().unwrap() as u32).to_be_bytes().to_vec()].concat()
        }
        Value::Array(values) => [head(11, values.len()), values.iter().flat_map(encoded).collect()].concat(),
        Value::Object(fields) => {
            let encoded = fields.iter().flat_map(|(name, value)| [text(name), encoded(value)].concat());
            [head(7, fields.len()), encoded.collect()].concat()
        }
        Value::Null => unreachable!("the format has no null"),
    }
}
