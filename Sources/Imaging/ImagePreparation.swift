public import CImaging
import Tensors

/// What preparing a frame came to. Nothing is thrown on the hot path.
public enum PreparationOutcome: Equatable, Sendable {
  /// The tensor is filled, and `mapping` belongs to it.
  case prepared
  /// The frame has fewer bytes than its size needs; the tensor is unchanged.
  case shortFrame(needed: Int, got: Int)
  /// Width, height or row length can't be; the tensor is unchanged.
  case impossibleGeometry
  /// An MJPEG frame that is damaged or of a kind that isn't read; the tensor is unchanged.
  case damagedImage
}

/// Makes a model's input tensor from a frame in one pass: colour conversion, resizing, channel order, normalisation and
/// quantisation, a row at a time.
///
/// Resizing is plain bilinear between pixel centres at halves, 11-bit weights, as OpenCV's INTER_LINEAR; also when shrinking by
/// more than 2, where it skips pixels, because published accuracy figures come from exactly that. Values differ from exact
/// arithmetic by at most one level of 255. After interpolation each 8-bit value goes through a table of its channel, so
/// normalisation and quantisation are exact.
///
/// A new frame size makes new tables and may allocate; frames of the size before it don't. One thread at a time.
@safe public final class ImagePreparation {
  public let settings: Settings
  public let target: Target
  /// Bytes of the tensor that `prepare` fills.
  public let tensorByteCount: Int
  /// From the tensor of the last prepared frame back to that frame. Before the first it maps the input onto itself.
  public private(set) var mapping: FrameMapping
  /// Whether MJPEG frames much larger than the input are scaled down while they are decoded: faster, but not the same pixels as
  /// decoding and then resizing. Off for accuracy figures.
  public var scalesWhileDecoding = false

  /// Chosen once; tests compare the others.
  var variant = swl_best_preparation_variant()
  private let tables: AlignedBytes
  private let padding: AlignedBytes
  /// Decoded and nominal size that the scratch memory was made for.
  private var sourceSize = (width: 0, height: 0, frameWidth: 0, frameHeight: 0)
  private var geometry: Geometry
  private var layout: ScratchLayout
  private var scratch = AlignedBytes(count: 0)
  private var decoder: JPEGDecoder?

  /// - Throws: `invalidSettings` where settings and tensor contradict each other.
  public init(settings: Settings, target: Target) throws(ImagingError) {
    try Self.validate(settings, for: target)
    self.settings = settings
    self.target = target
    tensorByteCount = target.dimensions.elementCount * target.elementType.byteCount
    let elementBytes = target.elementType.byteCount
    tables = AlignedBytes(count: settings.channelCount * 256 * elementBytes)
    padding = AlignedBytes(count: settings.channelCount * elementBytes)
    geometry = Geometry(frameWidth: settings.width, frameHeight: settings.height, settings: settings)
    mapping = geometry.mapping
    layout = ScratchLayout(sourceWidth: 0, contentWidth: geometry.contentWidth, contentHeight: geometry.contentHeight, channels: settings.channelCount)
    for channel in 0..<settings.channelCount {
      for pixel in 0..<256 { unsafe store(Float(pixel), channel: channel, at: channel * 256 + pixel, in: tables.bytes) }
      unsafe store(settings.padding, channel: channel, at: channel, in: padding.bytes)
    }
  }

  /// Fills the tensor from a frame.
  /// - Precondition: `tensor` has at least `tensorByteCount` bytes, aligned for its element type.
  public func prepare(_ view: ImageView, into tensor: UnsafeMutableRawBufferPointer) -> PreparationOutcome {
    unsafe prepare(view, into: unsafe tensor, unless: { _, _ in false })
  }

  /// As `prepare(_:into:)`, for whoever may make the tensor of the pixels elsewhere.
  /// - Parameters:
  ///   - tensor: asked for only where it is to be filled.
  ///   - isTaken: gets what `swl_prepare` would, valid until it returns, and says whether nothing is to be filled here.
  public func prepare(
    _ view: ImageView, into tensor: @autoclosure () -> UnsafeMutableRawBufferPointer, unless isTaken: (swl_preparation, swl_source) -> Bool
  ) -> PreparationOutcome {
    switch view.fault {
    case .impossibleGeometry: return .impossibleGeometry
    case .shortFrame(let needed, let got): return .shortFrame(needed: needed, got: got)
    case nil: break
    }
    if view.format == .mjpeg { return unsafe prepareJPEG(view.planes.0, into: tensor, unless: isTaken) }
    var source = swl_source()
    source.describe(view.format, view.balance)
    source.width = Int32(view.width)
    source.height = Int32(view.height)
    source.colour = view.encoding.coefficients
    unsafe source.plane = (view.planes.0.base, view.planes.1?.base, view.planes.2?.base)
    source.bytes_per_line = (view.planes.0.bytesPerLine, view.planes.1?.bytesPerLine ?? 0, view.planes.2?.bytesPerLine ?? 0)
    unsafe fill(tensor, from: &source, unless: isTaken, frameWidth: view.width, frameHeight: view.height)
    return .prepared
  }

  private func prepareJPEG(
    _ file: ImageView.Plane, into tensor: () -> UnsafeMutableRawBufferPointer, unless isTaken: (swl_preparation, swl_source) -> Bool
  ) -> PreparationOutcome {
    if decoder == nil { decoder = try? JPEGDecoder() }
    guard let decoder else { return .damagedImage }
    let channels: JPEGDecoder.Channels = settings.colour == .grey ? .grey : .rgb
    let least: (Int, Int)? = scalesWhileDecoding ? (settings.width, settings.height) : nil
    let outcome = unsafe decoder.decode(
      UnsafeRawBufferPointer(start: file.base, count: file.byteCount), channels: channels, leastWidth: least?.0, leastHeight: least?.1,
      toleratesMissingEnd: true)
    guard case .decoded(let width, let height, let headerWidth, let headerHeight) = outcome else { return .damagedImage }
    var source = swl_source()
    source.format = channels == .grey ? SWL_PIXEL_GREY : SWL_PIXEL_RGB24
    source.width = Int32(width)
    source.height = Int32(height)
    unsafe source.plane = (decoder.pixels.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, nil)
    source.bytes_per_line = (width * channels.rawValue, 0, 0)
    unsafe fill(tensor, from: &source, unless: isTaken, frameWidth: headerWidth, frameHeight: headerHeight)
    return .prepared
  }

  private func fill(
    _ tensor: () -> UnsafeMutableRawBufferPointer, from source: inout swl_source, unless isTaken: (swl_preparation, swl_source) -> Bool, frameWidth: Int,
    frameHeight: Int
  ) {
    let width = Int(source.width)
    let height = Int(source.height)
    if sourceSize != (width, height, frameWidth, frameHeight) {
      makeTables(width: width, height: height, frameWidth: frameWidth, frameHeight: frameHeight)
    }
    var pass = unsafe pass
    mapping = geometry.mapping
    guard unsafe !isTaken(pass, source) else { return }
    let tensor = unsafe tensor()
    precondition(tensor.count >= tensorByteCount)
    unsafe swl_prepare(variant, &pass, &source, tensor.baseAddress!)
  }

  /// What `swl_prepare` takes, of frames of the size before; before the first, and after `reserve`, it has neither content nor scratch memory.
  public var pass: swl_preparation {
    var pass = unsafe swl_preparation()
    unsafe pass.width = Int32(settings.width)
    unsafe pass.height = Int32(settings.height)
    unsafe pass.channels = Int32(settings.channelCount)
    unsafe pass.reverses_channels = settings.colour == .bgr ? 1 : 0
    unsafe pass.element_bytes = Int32(target.elementType.byteCount)
    unsafe pass.tables = UnsafeRawPointer(tables.bytes.baseAddress!)
    unsafe pass.padding = UnsafeRawPointer(padding.bytes.baseAddress!)
    // Room alone has no tables in it.
    guard let base = unsafe scratch.bytes.baseAddress, sourceSize.width > 0 else { return unsafe pass }
    unsafe pass.content_x = Int32(geometry.contentX)
    unsafe pass.content_y = Int32(geometry.contentY)
    unsafe pass.content_width = Int32(geometry.contentWidth)
    unsafe pass.content_height = Int32(geometry.contentHeight)
    unsafe pass.x_first = UnsafePointer((base + layout.xFirst).assumingMemoryBound(to: Int32.self))
    unsafe pass.y_first = UnsafePointer((base + layout.yFirst).assumingMemoryBound(to: Int32.self))
    unsafe pass.x_weight = UnsafePointer((base + layout.xWeight).assumingMemoryBound(to: Int16.self))
    unsafe pass.y_weight = UnsafePointer((base + layout.yWeight).assumingMemoryBound(to: Int16.self))
    unsafe pass.pixels = (base + layout.pixels).assumingMemoryBound(to: UInt8.self)
    unsafe pass.mixed = (base + layout.mixed).assumingMemoryBound(to: UInt8.self)
    unsafe pass.rows = ((base + layout.rows.0).assumingMemoryBound(to: Int32.self), (base + layout.rows.1).assumingMemoryBound(to: Int32.self))
    unsafe pass.blended = (base + layout.blended).assumingMemoryBound(to: UInt8.self)
    unsafe pass.samples = (base + layout.samples).assumingMemoryBound(to: UInt16.self)
    unsafe pass.colours = (base + layout.colours).assumingMemoryBound(to: UInt8.self)
    return unsafe pass
  }

  /// Makes room for views of any size up to a width: after that none of them makes it allocate.
  public func reserve(sourceWidth: Int) {
    let most = ScratchLayout(sourceWidth: sourceWidth, contentWidth: settings.width, contentHeight: settings.height, channels: settings.channelCount)
    guard scratch.count < most.byteCount else { return }
    scratch = AlignedBytes(count: most.byteCount)
    // What the tables were lies in the old one.
    sourceSize = (0, 0, 0, 0)
  }

  private func makeTables(width: Int, height: Int, frameWidth: Int, frameHeight: Int) {
    geometry = Geometry(frameWidth: frameWidth, frameHeight: frameHeight, settings: settings)
    layout = ScratchLayout(sourceWidth: width, contentWidth: geometry.contentWidth, contentHeight: geometry.contentHeight, channels: settings.channelCount)
    if scratch.count < layout.byteCount { scratch = AlignedBytes(count: layout.byteCount) }
    let base = unsafe scratch.bytes.baseAddress!
    unsafe Self.fillAxis(
      first: UnsafeMutableBufferPointer(start: (base + layout.xFirst).assumingMemoryBound(to: Int32.self), count: geometry.contentWidth),
      weight: UnsafeMutableBufferPointer(start: (base + layout.xWeight).assumingMemoryBound(to: Int16.self), count: geometry.contentWidth),
      start: geometry.cutX, source: width, resized: geometry.resizedWidth)
    unsafe Self.fillAxis(
      first: UnsafeMutableBufferPointer(start: (base + layout.yFirst).assumingMemoryBound(to: Int32.self), count: geometry.contentHeight),
      weight: UnsafeMutableBufferPointer(start: (base + layout.yWeight).assumingMemoryBound(to: Int16.self), count: geometry.contentHeight),
      start: geometry.cutY, source: height, resized: geometry.resizedHeight)
    sourceSize = (width, height, frameWidth, frameHeight)
  }

  /// Writes the tensor value of a pixel value as element `index`.
  private func store(_ pixel: Float, channel: Int, at index: Int, in bytes: UnsafeMutableRawBufferPointer) {
    let value = (pixel - settings.mean[channel]) / settings.deviation[channel]
    if let quantisation = target.quantisation, let range = target.elementType.eightBitRange {
      unsafe bytes[index] = UInt8(truncatingIfNeeded: quantisation.quantised(value, in: range))
    } else {
      unsafe bytes.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
    }
  }
}

/// Where tables and row buffers lie in the one scratch allocation, each at a 64-byte boundary.
private struct ScratchLayout {
  let xFirst: Int
  let yFirst: Int
  let xWeight: Int
  let yWeight: Int
  let pixels: Int
  let mixed: Int
  let rows: (Int, Int)
  let blended: Int
  let samples: Int
  let colours: Int
  let byteCount: Int

  init(sourceWidth: Int, contentWidth: Int, contentHeight: Int, channels: Int) {
    var end = 0
    func place(_ byteCount: Int) -> Int {
      defer { end += (byteCount + 63) & ~63 }
      return end
    }
    xFirst = place(4 * contentWidth)
    yFirst = place(4 * contentHeight)
    xWeight = place(2 * contentWidth)
    yWeight = place(2 * contentHeight)
    // Three channels are resampled together, four bytes a pixel.
    let stride = channels == 3 ? 4 : channels
    pixels = place(channels * (sourceWidth + 1))
    mixed = place(stride * (sourceWidth + 1))
    rows = (place(4 * stride * contentWidth), place(4 * stride * contentWidth))
    blended = place(stride * contentWidth)
    samples = place(4 * 2 * (sourceWidth + Int(SWL_SAMPLE_MARGIN)))
    colours = place(2 * sourceWidth)
    byteCount = end
  }
}
