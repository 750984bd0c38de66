import CTurboJPEG
import Glibc
import Tensors

/// A reusable JPEG decompressor (libjpeg-turbo) with a buffer that only grows: after the first frame of a size nothing of this
/// class allocates. The library keeps small pools of its own, made and freed with every image.
///
/// Colour comes out as RGB24 by the library's accurate integer transform and smooth chroma upsampling, as other readers of
/// the same library give it.
@safe public final class JPEGDecoder {
  /// What decoding one image came to.
  public enum Outcome: Equatable, Sendable {
    /// The pixels are in the decoder's buffer: `width` × `height` after scaling, of an image of the size in the header.
    case decoded(width: Int, height: Int, headerWidth: Int, headerHeight: Int)
    /// Not a JPEG, cut short, or damaged so that pixels are missing.
    case damaged
    /// Larger than `ImageBounds`, or a kind of JPEG that isn't read (CMYK, lossless, 12 bits).
    case unsupported
  }

  /// What comes out.
  public enum Channels: Int, Sendable {
    case grey = 1
    case rgb = 3
  }

  private var handle: tjhandle
  private var buffer = AlignedBytes(count: 0)
  /// A file whose end marker was missing, with one.
  private var copy = AlignedBytes(count: 0)
  private var pixelByteCount = 0
  private var needsRestart = false

  /// - Throws: `decoderUnavailable` where the library has no memory.
  public init() throws(ImagingError) {
    guard let handle = unsafe tjInitDecompress() else { throw ImagingError(.decoderUnavailable, "the JPEG library can't be started: out of memory") }
    unsafe self.handle = handle
  }

  deinit {
    unsafe tjDestroy(handle)
  }

  /// The pixels of the last decoded image, rows without padding; valid until the next call.
  public var pixels: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: buffer.bytes[..<pixelByteCount])
  }

  /// Decodes one image into the decoder's buffer.
  /// - Parameters:
  ///   - leastWidth, leastHeight: where given, the image may be scaled down by 2, 4 or 8 while decoding as long as it stays at
  ///     least this large. Faster, but not the same pixels as decoding and then resizing.
  ///   - toleratesMissingEnd: whether an image whose data is whole but whose end marker is missing counts as decoded, as some
  ///     cameras leave it out.
  public func decode(
    _ file: UnsafeRawBufferPointer, channels: Channels = .rgb, leastWidth: Int? = nil, leastHeight: Int? = nil, toleratesMissingEnd: Bool = false
  ) -> Outcome {
    pixelByteCount = 0
    restartIfNeeded()
    guard file.count > 3, file.count <= ImageBounds.maximumFileByteCount else { return .damaged }
    let lacksEnd = unsafe file[file.count - 2] != 0xFF || file[file.count - 1] != 0xD9
    let bytes = unsafe toleratesMissingEnd && lacksEnd ? completed(file) : file
    guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return .damaged }
    var width: Int32 = 0
    var height: Int32 = 0
    var subsampling: Int32 = 0
    var colourSpace: Int32 = 0
    let primed = unsafe tjDecompressHeader3(handle, start, UInt(bytes.count), &width, &height, &subsampling, &colourSpace)
    guard primed == 0 || hasOnlyHarmlessWarning, width > 0, height > 0 else {
      needsRestart = true
      return .damaged
    }
    guard ImageBounds.allow(width: Int(width), height: Int(height)), colourSpace != Int32(TJCS_CMYK.rawValue), colourSpace != Int32(TJCS_YCCK.rawValue) else {
      return .unsupported
    }
    var divisor: Int32 = 1
    if let leastWidth, let leastHeight {
      while divisor < 8, (width + 2 * divisor - 1) / (2 * divisor) >= leastWidth, (height + 2 * divisor - 1) / (2 * divisor) >= leastHeight { divisor *= 2 }
    }
    let scaledWidth = (width + divisor - 1) / divisor
    let scaledHeight = (height + divisor - 1) / divisor
    let line = Int(scaledWidth) * channels.rawValue
    if buffer.count < line * Int(scaledHeight) { buffer = AlignedBytes(count: line * Int(scaledHeight)) }
    let format = channels == .rgb ? TJPF_RGB : TJPF_GRAY
    let target = unsafe buffer.bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
    let status = unsafe tjDecompress2(
      handle, start, UInt(bytes.count), target, scaledWidth, Int32(line), scaledHeight, Int32(format.rawValue), TJFLAG_LIMITSCANS)
    guard status == 0 || hasOnlyHarmlessWarning else { return .damaged }
    pixelByteCount = line * Int(scaledHeight)
    return .decoded(width: Int(scaledWidth), height: Int(scaledHeight), headerWidth: Int(width), headerHeight: Int(height))
  }

  /// Whether the last failure is only a warning that leaves all pixels whole. The library's error code doesn't tell (an error
  /// after a warning counts as a warning), so the harmless ones are known by their text, which has not changed since its first
  /// version.
  private var hasOnlyHarmlessWarning: Bool {
    guard unsafe tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue), let text = unsafe tjGetErrorStr2(handle) else { return false }
    return unsafe strstr(text, "extraneous bytes before marker") != nil || strstr(text, "unknown JFIF revision") != nil
      || strstr(text, "Unknown Adobe color transform code") != nil
  }

  /// A failed header leaves the library in the middle of it, where the next image would go on; only a new handle is surely clean.
  private func restartIfNeeded() {
    guard needsRestart, let fresh = unsafe tjInitDecompress() else { return }
    unsafe tjDestroy(handle)
    unsafe handle = fresh
    needsRestart = false
  }

  /// The bytes with an end marker behind them, in memory of this decoder's own.
  private func completed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let count = bytes.count + 2
    if copy.count < count { copy = AlignedBytes(count: count + count / 4) }
    unsafe copy.bytes.copyMemory(from: bytes)
    unsafe copy.bytes[count - 2] = 0xFF
    unsafe copy.bytes[count - 1] = 0xD9
    return unsafe UnsafeRawBufferPointer(rebasing: copy.bytes[..<count])
  }

  /// Decodes a whole file into an image of its own.
  func image(from bytes: [UInt8], named name: String) throws(ImagingError) -> RGBImage {
    let outcome = unsafe bytes.withUnsafeBytes { unsafe decode($0) }
    switch outcome {
    case .decoded(let width, let height, _, _): return unsafe RGBImage(width: width, height: height, pixels: [UInt8](pixels))
    case .damaged: throw ImagingError(.damagedImage, "\(name) is a damaged JPEG: \(reason)")
    case .unsupported:
      throw ImagingError(.unsupportedFormat, "\(name) is a JPEG that isn't read (CMYK, or more than \(ImageBounds.maximumSide) pixels wide or high)")
    }
  }

  /// The library's own words on the last failure.
  private var reason: String {
    unsafe tjGetErrorStr2(handle).map { unsafe String(cString: $0) } ?? "no reason given"
  }
}
