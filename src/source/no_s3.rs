//! Replaces S3 archives in a build without S3: the same types, which have no values, and the error that says so.

use std::convert::Infallible;

use super::{
    AccessKey, ArchiveError, GivenArchive, Listing, LogObject, ProbeError, ProbedObject, ReadError,
    ReadWindow, S3Problem, S3ProblemKind, S3Settings, Traffic,
};
use crate::model::Text;

/// Credentials and runtime of a run.
#[derive(Debug)]
pub(super) struct Session(Infallible);

/// One archive.
#[derive(Debug)]
pub(super) struct Bucket(Infallible);

/// Objects being fetched.
#[derive(Debug)]
pub(super) struct Stream(Infallible);

/// The result of fetching an object.
#[derive(Debug)]
pub(super) struct Fetched(Infallible);

impl Session {
    pub(super) fn start(_: &S3Settings, name: &str) -> Result<Self, ArchiveError> {
        let detail = "this build has no S3 (cargo feature 's3')".to_owned();
        let problem = S3Problem { kind: S3ProblemKind::NotBuilt, detail };
        Err(ArchiveError::S3 { name: name.to_owned(), problem })
    }

    pub(super) fn open(&mut self, _: &GivenArchive) -> Result<Bucket, ArchiveError> {
        match self.0 {}
    }

    pub(super) fn probe(
        &mut self,
        _: &GivenArchive,
    ) -> (Option<AccessKey>, Result<ProbedObject, ProbeError>) {
        match self.0 {}
    }

    pub(super) fn list<'b>(
        &self,
        _: impl Iterator<Item = (u32, &'b Bucket)>,
        _: &ReadWindow,
        _: &mut Listing,
        _: &mut dyn FnMut(u64) -> bool,
    ) {
        match self.0 {}
    }

    pub(super) fn stream<'b>(
        &self,
        _: impl Iterator<Item = (u32, &'b Bucket)>,
        _: &ReadWindow,
        _: Listing,
        _: &mut dyn FnMut(u64) -> bool,
    ) -> Stream {
        match self.0 {}
    }

    pub(super) fn stream_listed<'b>(&self, _: impl Iterator<Item = (u32, &'b Bucket)>, _: Listing) -> Stream {
        match self.0 {}
    }

    pub(super) fn traffic(&self) -> Traffic {
        match self.0 {}
    }

    pub(super) fn access_key(&self) -> Option<AccessKey> {
        match self.0 {}
    }
}

impl Bucket {
    pub(super) fn above(&self) -> Option<Text> {
        match self.0 {}
    }

    pub(super) fn find(&self, _: u32, _: &str) -> Result<Option<LogObject>, ReadError> {
        match self.0 {}
    }

    pub(super) fn size(&self, _: &LogObject) -> u64 {
        match self.0 {}
    }

    pub(super) fn read(&self, _: &LogObject, _: &mut Vec<u8>) -> Result<(), ReadError> {
        match self.0 {}
    }
}

impl Stream {
    pub(super) fn next(&self, _: &dyn Fn() -> bool) -> Option<(u32, LogObject, Option<Fetched>)> {
        match self.0 {}
    }

    pub(super) fn total(&self) -> Option<u64> {
        match self.0 {}
    }

    pub(super) fn traffic(&self) -> Traffic {
        match self.0 {}
    }

    pub(super) fn finish(self) -> Listing {
        match self.0 {}
    }
}

impl Fetched {
    pub(super) fn user_metadata(&self) -> &[(String, String)] {
        match self.0 {}
    }

    pub(super) fn take(&mut self, _: &mut Vec<u8>) -> Result<(), ReadError> {
        match self.0 {}
    }
}
