//! Motion-JPEG: JPEG pictures one after the other, as cameras send them and `ffmpeg -c:v mjpeg` writes them.
//!
//! There is no header; pictures are found by their own markers (ITU-T T.81, annex B). Bytes between them, such as the
//! part headers of a camera's HTTP stream, are passed over.

use std::{
    borrow::Cow,
    io::{self, BufRead, Read},
};

/// The largest picture taken, in bytes; a 12-megapixel camera's best quality is under a third of it.
pub const MAX_PICTURE_BYTES: usize = 32 << 20;
/// Bytes that may lie between two pictures. Part headers have some hundred.
pub const MAX_GAP_BYTES: usize = 1 << 20;

/// A piece of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// From the start marker to the end marker. The markers are sound; whether it decodes is the decoder's to say.
    Picture(Vec<u8>),
    /// A picture that was begun and is not one, and why. The stream goes on after it.
    Damaged(&'static str),
}

/// Cuts a stream into pictures, reading no more than one picture ahead.
pub struct JpegStream<R> {
    reader: R,
    /// The start marker of the next picture has been read: another picture broke off at it.
    begun: bool,
}

const END: u8 = 0xD9;
const START: u8 = 0xD8;

impl<R: BufRead> JpegStream<R> {
    /// Reads from `reader`.
    pub fn new(reader: R) -> Self {
        Self { reader, begun: false }
    }

    /// The next picture, or `None` at the end.
    ///
    /// # Errors
    ///
    /// Those of the reader.
    pub fn next_piece(&mut self) -> io::Result<Option<Piece>> {
        if !self.begun {
            match self.find_start()? {
                Found::Start => {}
                Found::End => return Ok(None),
                Found::Nothing => {
                    return Ok(Some(Piece::Damaged("a megabyte without the start of a picture")));
                }
            }
        }
        self.begun = false;
        self.read_picture().map(Some)
    }

    /// Reads up to and with the next start marker.
    fn find_start(&mut self) -> io::Result<Found> {
        let mut gap = Vec::new();
        loop {
            gap.clear();
            let left = MAX_GAP_BYTES as u64;
            if self.reader.by_ref().take(left).read_until(0xFF, &mut gap)? == 0 {
                return Ok(Found::End);
            }
            if gap.len() == MAX_GAP_BYTES {
                return Ok(Found::Nothing);
            }
            match self.marker()? {
                Some(START) => return Ok(Found::Start),
                Some(_) => {}
                None => return Ok(Found::End),
            }
        }
    }

    fn read_picture(&mut self) -> io::Result<Piece> {
        let mut picture = vec![0xFF, START];
        let mut sound = false;
        loop {
            let left = MAX_PICTURE_BYTES.saturating_sub(picture.len());
            self.reader.by_ref().take(left as u64).read_until(0xFF, &mut picture)?;
            if picture.last() != Some(&0xFF) {
                let reason = if picture.len() < MAX_PICTURE_BYTES {
                    "the stream ends inside a picture"
                } else {
                    "a picture of more than 32 MiB"
                };
                return Ok(Piece::Damaged(reason));
            }
            let Some(marker) = self.marker()? else {
                return Ok(Piece::Damaged("the stream ends inside a picture"));
            };
            picture.push(marker);
            match marker {
                END if sound => return Ok(Piece::Picture(picture)),
                END => return Ok(Piece::Damaged("a picture without pixels")),
                START => {
                    self.begun = true;
                    return Ok(Piece::Damaged("a picture breaks off where the next begins"));
                }
                // A stuffed zero in entropy-coded data, TEM, restart markers: nothing follows.
                0x00 | 0x01 | 0xD0..=0xD7 => {}
                _ => {
                    sound |= marker == 0xDA;
                    if !self.copy_segment(&mut picture)? {
                        return Ok(Piece::Damaged("a segment of a picture is cut off"));
                    }
                }
            }
        }
    }

    /// Length and content of a segment; false if it is not whole.
    fn copy_segment(&mut self, picture: &mut Vec<u8>) -> io::Result<bool> {
        let start = picture.len();
        self.reader.by_ref().take(2).read_to_end(picture)?;
        let Some(&[high, low]) = picture.get(start..) else { return Ok(false) };
        let Some(content) = u16::from_be_bytes([high, low]).checked_sub(2) else { return Ok(false) };
        let read = self.reader.by_ref().take(content.into()).read_to_end(picture)?;
        Ok(read == usize::from(content) && picture.len() <= MAX_PICTURE_BYTES)
    }

    /// The byte after 0xFF, fill bytes passed over.
    fn marker(&mut self) -> io::Result<Option<u8>> {
        loop {
            let Some(&byte) = self.reader.fill_buf()?.first() else { return Ok(None) };
            self.reader.consume(1);
            if byte != 0xFF {
                return Ok(Some(byte));
            }
        }
    }
}

enum Found {
    Start,
    End,
    Nothing,
}

/// The first whole picture in `bytes`: drivers hand over buffers whose end is what an earlier, longer picture left.
pub(crate) fn first_picture(bytes: &[u8]) -> Option<Vec<u8>> {
    match JpegStream::new(bytes).next_piece() {
        Ok(Some(Piece::Picture(picture))) => Some(picture),
        _ => None,
    }
}

/// `picture` as a decoder needs it. Many cameras leave the Huffman tables out, because in Motion-JPEG they are always
/// those of T.81, annex K.3; an `AVI1` segment is how such pictures tell it, and what the decoder goes by.
pub(crate) fn with_tables(picture: &[u8]) -> Cow<'_, [u8]> {
    const AVI1: [u8; 18] = [0xFF, 0xE0, 0, 16, b'A', b'V', b'I', b'1', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let has_tables = segments(picture)
        .any(|(marker, content)| marker == 0xC4 || (marker == 0xE0 && content.starts_with(b"AVI1\0")));
    if has_tables || picture.len() < 2 {
        return Cow::Borrowed(picture);
    }
    Cow::Owned([&picture[..2], &AVI1, &picture[2..]].concat())
}

/// Whether the header says anything about turning the picture (EXIF is the only one that does).
pub(crate) fn has_exif(picture: &[u8]) -> bool {
    segments(picture).any(|(marker, content)| marker == 0xE1 && content.starts_with(b"Exif\0"))
}

/// Markers and contents of the segments before the first scan.
fn segments(picture: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = picture.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        let &[0xFF, marker, high, low, ..] = rest else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let content = rest.get(4..2 + length)?;
        rest = &rest[2 + length..];
        (marker != 0xDA).then_some((marker, content))
    })
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};
    use mm_core::decode::{Limits, decode};
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn jpeg(shade: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let pixels: Vec<u8> = (0..24 * 16).flat_map(|i| [shade, i as u8, (i / 24) as u8 * 16]).collect();
        JpegEncoder::new(&mut bytes).encode(&pixels, 24, 16, ExtendedColorType::Rgb8).unwrap();
        bytes
    }

    fn pieces(bytes: &[u8]) -> Vec<Piece> {
        let mut stream = JpegStream::new(BufReader::with_capacity(7, bytes));
        std::iter::from_fn(|| stream.next_piece().unwrap()).collect()
    }

    #[test]
    fn pictures_are_found_between_part_headers() {
        let [first, second] = [jpeg(1), jpeg(200)];
        let stream = [
            b"--frame\r\nContent-Type: image/jpeg\r\n\r\n",
            &first[..],
            b"\r\n--frame\r\nX: \xFF\x00\r\n\r\n",
            &second,
            b"\r\n--frame--",
        ]
        .concat();
        assert_eq!(pieces(&stream), [Piece::Picture(first), Piece::Picture(second)]);
    }

    #[test]
    fn a_picture_that_breaks_off_does_not_take_the_next_along() {
        let whole = jpeg(9);
        let cut = &whole[..whole.len() - 40];
        let stream = [cut, &whole, cut].concat();
        let [Piece::Damaged(_), Piece::Picture(found), Piece::Damaged(_)] = &pieces(&stream)[..] else {
            panic!("{:?}", pieces(&stream))
        };
        assert_eq!(*found, whole);
        assert_eq!(pieces(b"no picture at all"), []);
        assert_eq!(pieces(&[0xFF, START, 0xFF, END]), [Piece::Damaged("a picture without pixels")]);
    }

    #[test]
    fn lengths_are_bounded() {
        let endless = [&jpeg(3)[..200], &vec![0; MAX_PICTURE_BYTES + 10]].concat();
        let found = pieces(&endless);
        assert!(
            matches!(found[0], Piece::Damaged(_)) && !found.iter().any(|p| matches!(p, Piece::Picture(_)))
        );
        let nothing = vec![0; MAX_GAP_BYTES + 1];
        assert_eq!(pieces(&nothing), [Piece::Damaged("a megabyte without the start of a picture")]);
    }

    #[test]
    fn a_driver_s_buffer_gives_its_first_picture() {
        let picture = jpeg(50);
        let buffer = [&picture[..], &jpeg(60)[100..], &[0; 30]].concat();
        assert_eq!(first_picture(&buffer), Some(picture));
        assert_eq!(first_picture(&[1, 2, 3]), None);
    }

    #[test]
    fn pictures_without_huffman_tables_decode_as_motion_jpeg_means_them() {
        let whole = jpeg(77);
        let mut bare = whole[..2].to_vec();
        let mut at = 2;
        for (marker, content) in segments(&whole) {
            if marker != 0xC4 {
                bare.extend([0xFF, marker]);
                bare.extend((content.len() as u16 + 2).to_be_bytes());
                bare.extend(content);
            }
            at += content.len() + 4;
        }
        bare.extend(&whole[at..]);
        assert!(bare.len() + 400 < whole.len());
        assert!(decode(&bare, &Limits::default()).is_err());
        let expected = decode(&whole, &Limits::default()).unwrap();
        assert!(decode(&with_tables(&bare), &Limits::default()).unwrap() == expected);
        assert!(matches!(with_tables(&whole), Cow::Borrowed(_)));
    }

    proptest! {
        /// Whatever the bytes, reading ends, and pictures are what lies between their markers.
        #[test]
        fn any_bytes_are_cut_into_pieces(
            bytes in proptest::collection::vec(
                prop_oneof![any::<u8>(), Just(0xFF), Just(START), Just(END), Just(0xDA), Just(0), Just(2)], 0..400),
        ) {
            let mut total = 0;
            for piece in pieces(&bytes) {
                if let Piece::Picture(picture) = piece {
                    total += picture.len();
                    prop_assert!(picture.starts_with(&[0xFF, START]) && picture.ends_with(&[0xFF, END]));
                }
            }
            prop_assert!(total <= bytes.len());
        }

        #[test]
        fn whole_pictures_are_found_whatever_lies_between(
            gaps in proptest::collection::vec(proptest::collection::vec(0u8..0xFF, 0..50), 1..6),
        ) {
            let pictures: Vec<_> = (0..gaps.len()).map(|i| jpeg(i as u8)).collect();
            let stream: Vec<u8> = gaps.iter().zip(&pictures).flat_map(|(gap, p)| [&gap[..], p].concat()).collect();
            let expected: Vec<_> = pictures.into_iter().map(Piece::Picture).collect();
            prop_assert_eq!(pieces(&stream), expected);
        }
    }
}
