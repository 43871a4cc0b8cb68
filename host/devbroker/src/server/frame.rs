//! From bytes to a request and from an answer to bytes. Everything here comes from outside: what does not fit is an
//! error, and its connection is closed.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, RequestKind, ResponseHeader, ResponseKind};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};

use crate::api;

/// Bytes of the length before every frame.
pub(crate) const PREFIX_BYTES: usize = 4;

/// Why a connection is closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a request of {0} bytes is larger than request_bytes_max, or no request")]
    Length(i32),
    #[error("a request without a readable header")]
    Header,
    #[error("a request of unknown type {key} or version {version}")]
    Unknown { key: i16, version: i16 },
    #[error("a {api:?} request of version {version} that does not decode")]
    Body { api: ApiKey, version: i16 },
}

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) api: ApiKey,
    pub(crate) version: i16,
    pub(crate) correlation: i32,
    pub(crate) client_id: StrBytes,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    Known(Box<RequestKind>),
    /// ApiVersions in a version from the future: answered in version 0, so that client and broker find each other.
    FutureApiVersions,
}

/// The length of the frame that begins here, `None` when there are not enough bytes to tell.
pub(crate) fn length(input: &[u8], max: usize) -> Result<Option<usize>, FrameError> {
    let Some(mut prefix) = input.get(..PREFIX_BYTES) else { return Ok(None) };
    let length = prefix.get_i32();
    match usize::try_from(length) {
        Ok(bytes) if bytes <= max => Ok(Some(bytes)),
        _ => Err(FrameError::Length(length)),
    }
}

/// Decodes one frame, without its length.
pub(crate) fn decode(mut frame: Bytes) -> Result<Request, FrameError> {
    let (key, version) = peek(&frame).ok_or(FrameError::Header)?;
    let known = api::known(key).ok_or(FrameError::Unknown { key, version })?;
    let is_understood = (known.min..=known.max).contains(&version);
    if !is_understood && known.key != ApiKey::ApiVersions {
        return Err(FrameError::Unknown { key, version });
    }
    if !is_understood {
        // Only the beginning of such a header is sure.
        let correlation = frame.get(4..8).map(|mut field| field.get_i32()).ok_or(FrameError::Header)?;
        let client_id = StrBytes::default();
        return Ok(Request { api: known.key, version, correlation, client_id, body: Body::FutureApiVersions });
    }
    let header_version = known.key.request_header_version(version);
    crate::wire::check_header(&frame, header_version).ok_or(FrameError::Header)?;
    let header = RequestHeader::decode(&mut frame, header_version).map_err(|_| FrameError::Header)?;
    let broken = FrameError::Body { api: known.key, version };
    // The generated decoders reserve room for as many elements as a count claims: it is held against the bytes first.
    crate::wire::check(known.key, version, &frame).ok_or(broken.clone())?;
    let body = RequestKind::decode(known.key, &mut frame, version).map_err(|_| broken)?;
    Ok(Request {
        api: known.key,
        version,
        correlation: header.correlation_id,
        client_id: header.client_id.unwrap_or_default(),
        body: Body::Known(Box::new(body)),
    })
}

fn peek(frame: &Bytes) -> Option<(i16, i16)> {
    let mut head = frame.get(..8)?;
    Some((head.get_i16(), head.get_i16()))
}

/// Writes a whole answer, its length first. `None`: the answer does not encode in this version, which is a bug of ours.
pub(crate) fn encode(correlation: i32, version: i16, answer: &ResponseKind, output: &mut BytesMut) -> Option<()> {
    output.put_i32(0);
    let header = ResponseHeader::default().with_correlation_id(correlation);
    header.encode(output, answer.header_version(version)).ok()?;
    answer.encode(output, version).ok()?;
    let length = i32::try_from(output.len().checked_sub(PREFIX_BYTES)?).ok()?;
    output.get_mut(..PREFIX_BYTES)?.put_i32(length);
    Some(())
}

#[cfg(test)]
mod tests;
