import Glibc

/// A WAV file that is read from its beginning to its end: whole numbers of 8 to 32 bits and floating point, uncompressed. What it needs of the
/// format (RIFF, little-endian) and no more: a device replays sound with it without a library for sound files.
@safe final class WAVFile {
  /// How its samples are written.
  struct Format: Equatable {
    var sampleFormat: SampleFormat
    /// Frames a second.
    var sampleRate: Int
    var channelCount: Int

    var bytesPerFrame: Int { sampleFormat.byteCount * channelCount }
  }

  /// Chunks that may stand before the samples: some programs write a dozen, and a head of nothing but zeros would take minutes.
  private static let greatestChunkCount = 1000

  let format: Format
  private let descriptor: Int32
  /// Bytes of samples that are left, whole frames.
  private var rest: Int

  /// - Throws: where it can't be read or is no WAV file of these kinds, naming it.
  init(_ path: String) throws(SoundFailure) {
    // Opening a named pipe would otherwise wait for a writer.
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw SoundFailure(number: errno, message: "\(path) can't be read (\(systemMessage(errno)))") }
    do throws(SoundFailure) {
      var facts = stat()
      guard unsafe fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
        throw SoundFailure(number: EINVAL, message: "\(path) is no regular file")
      }
      (format, rest) = try Self.head(of: descriptor, byteCount: Int(facts.st_size), path)
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  /// Fills `memory` with what comes next.
  /// - Returns: the frames read, 0 at the end; a negative errno.
  func read(into memory: UnsafeMutableRawPointer, frames: Int) -> Int {
    let wanted = min(rest, frames * format.bytesPerFrame)
    var done = 0
    while done < wanted {
      let count = unsafe Glibc.read(descriptor, memory + done, wanted - done)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return -Int(errno) }
      // It has become shorter.
      guard count > 0 else {
        rest = done
        break
      }
      done += count
    }
    rest -= done
    return done / format.bytesPerFrame
  }

  /// Reads up to the samples.
  private static func head(of descriptor: Int32, byteCount: Int, _ path: String) throws(SoundFailure) -> (Format, Int) {
    func wrong(_ reason: String) -> SoundFailure { SoundFailure(number: EINVAL, message: "\(path) \(reason)") }
    guard let riff = bytes(12, at: 0, of: descriptor), text(riff[0..<4]) == "RIFF", text(riff[8..<12]) == "WAVE" else {
      throw wrong("is no WAV file: a folder microphone replays those alone")
    }
    var position = 12
    var format: Format?
    var count = 0
    while let head = bytes(8, at: position, of: descriptor) {
      let length = number(head, 4, 4)
      position += 8
      count += 1
      guard count <= greatestChunkCount else { throw wrong("has more than \(greatestChunkCount) chunks before its samples: it is damaged") }
      switch text(head[0..<4]) {
      case "fmt ":
        guard let body = bytes(min(length, 40), at: position, of: descriptor), let found = Self.format(body) else {
          throw wrong("is compressed or of a sample format that isn't known: write 8 to 32 bits or floating point, as PCM")
        }
        format = found
      case "data":
        guard let format else { throw wrong("has samples before its format: it is damaged") }
        // Writers that were cut off, or that write into pipes, don't know the length.
        let available = max(0, byteCount - position)
        let samples = length == 0 || length > available ? available : length
        guard samples >= format.bytesPerFrame else { throw wrong("has no samples") }
        guard lseek(descriptor, position, SEEK_SET) == position else { throw SoundFailure(number: errno, message: "\(path) can't be read") }
        return (format, samples / format.bytesPerFrame * format.bytesPerFrame)
      default: break
      }
      position += length + length % 2
    }
    throw wrong("has no samples: it was cut off, or is no WAV file")
  }

  /// - Parameter body: of the chunk `fmt `.
  private static func format(_ body: [UInt8]) -> Format? {
    guard body.count >= 16 else { return nil }
    var kind = number(body, 0, 2)
    // The extensible form tells the kind at the beginning of its identifier.
    if kind == 0xFFFE, body.count >= 26 { kind = number(body, 24, 2) }
    let (channels, rate, frame, bits) = (number(body, 2, 2), number(body, 4, 4), number(body, 12, 2), number(body, 14, 2))
    let sampleFormat: SampleFormat? =
      switch (kind, bits) {
      case (1, 8): .u8
      case (1, 16): .s16
      case (1, 24): .s24InThreeBytes
      case (1, 32): .s32
      case (3, 32): .float32
      default: nil
      }
    guard let sampleFormat, 1...64 ~= channels, 1000...768_000 ~= rate else { return nil }
    let format = Format(sampleFormat: sampleFormat, sampleRate: rate, channelCount: channels)
    return frame == format.bytesPerFrame ? format : nil
  }

  private static func bytes(_ count: Int, at position: Int, of descriptor: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress! + done, count - done, position + done) }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { return nil }
      done += got
    }
    return bytes
  }

  private static func number(_ bytes: [UInt8], _ place: Int, _ count: Int) -> Int {
    (0..<count).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
