import CVideo4Linux
import Glibc

/// A device file, through the kernel or libv4l2.
@safe final class KernelVideoDevice: VideoDevice, @unchecked Sendable {
  private var video: OpaquePointer?

  init(path: String) throws(SystemFailure) {
    try unsafe Self.check(swl_video_open(path, &video))
  }

  deinit {
    close()
  }

  func close() {
    if let video = unsafe video { unsafe swl_video_close(video) }
    unsafe video = nil
  }

  var descriptor: Int32 {
    unsafe swl_video_descriptor(video)
  }

  private static func check(_ status: Int32) throws(SystemFailure) {
    guard status >= 0 else { throw SystemFailure(number: -status) }
  }

  func identity() throws(SystemFailure) -> VideoIdentity {
    var identity = swl_video_identity()
    try unsafe Self.check(swl_video_identify(video, &identity))
    return VideoIdentity(
      driver: cText(identity.driver), card: cText(identity.card), bus: cText(identity.bus), captures: identity.captures,
      isMultiplanar: identity.multiplanar, streams: identity.streams)
  }

  func currentFormat() throws(SystemFailure) -> VideoFormat {
    var format = swl_video_format()
    try unsafe Self.check(swl_video_get_format(video, &format))
    return VideoFormat(format)
  }

  func setFormat(_ code: FourCC, width: Int, height: Int) throws(SystemFailure) -> VideoFormat {
    var format = swl_video_format()
    try unsafe Self.check(swl_video_set_format(video, code.code, UInt32(clamping: width), UInt32(clamping: height), &format))
    return VideoFormat(format)
  }

  func frameRate() -> Double? {
    var (numerator, denominator) = (UInt32(0), UInt32(0))
    guard unsafe swl_video_get_interval(video, &numerator, &denominator) == 0 else { return nil }
    return Double(denominator) / Double(numerator)
  }

  func setFrameRate(_ rate: Double) throws(SystemFailure) {
    let thousandths = UInt32(min(max(rate * 1000, 1), 1e9))
    try unsafe Self.check(swl_video_set_interval(video, 1000, thousandths))
  }

  func useConverter() throws(SystemFailure) {
    try unsafe Self.check(swl_video_use_converter(video))
  }

  func requestBuffers(_ count: Int) throws(SystemFailure) -> Int {
    var given: UInt32 = 0
    try unsafe Self.check(swl_video_request_buffers(video, UInt32(clamping: count), &given))
    return Int(given)
  }

  func map(_ index: Int) throws(SystemFailure) -> UnsafeMutableRawBufferPointer {
    var memory: UnsafeMutableRawPointer?
    var byteCount = 0
    try unsafe Self.check(swl_video_map(video, UInt32(index), &memory, &byteCount))
    return unsafe UnsafeMutableRawBufferPointer(start: memory, count: byteCount)
  }

  func unmap(_ memory: UnsafeMutableRawBufferPointer) {
    unsafe swl_video_unmap(video, memory.baseAddress, memory.count)
  }

  func detach(_ memory: UnsafeMutableRawBufferPointer) {
    // Without memory for a copy the mapping stays, and the device's name is free only once the frame is back.
    _ = unsafe swl_video_detach(video, memory.baseAddress, memory.count)
  }

  func release(_ memory: UnsafeMutableRawBufferPointer) {
    unsafe swl_memory_release(memory.baseAddress, memory.count)
  }

  func start() throws(SystemFailure) {
    try unsafe Self.check(swl_video_start(video))
  }

  func stop() {
    // Fails only where the device is gone, which ends the stream as well.
    _ = unsafe swl_video_stop(video)
  }

  func queue(_ index: Int) -> Int32 {
    unsafe -swl_video_queue(video, UInt32(index))
  }

  func dequeue(into buffer: inout VideoBuffer) -> Int32 {
    var filled = swl_video_buffer()
    let status = unsafe swl_video_dequeue(video, &filled)
    guard status == 0 else { return -status }
    buffer = VideoBuffer(
      index: Int(filled.index), byteOffset: Int(filled.byte_offset), byteCount: Int(filled.byte_count), sequence: filled.sequence,
      isFaulty: filled.faulty, nanoseconds: filled.monotonic_nanoseconds)
    return 0
  }
}

/// What the device offers.
extension KernelVideoDevice {
  /// A driver that never ends an enumeration is cut off here.
  private static let enumerationLimit: UInt32 = 256

  func formats() -> [CameraDeviceFormat] {
    var formats: [CameraDeviceFormat] = []
    var name = swl_video_format_name()
    for index in 0..<Self.enumerationLimit {
      guard unsafe swl_video_enumerate_format(video, index, &name) == 0 else { break }
      if name.emulated { continue }
      let code = FourCC(code: name.fourcc)
      formats.append(CameraDeviceFormat(code: code, description: cText(name.description), sizes: sizes(of: code)))
    }
    return formats
  }

  private func sizes(of code: FourCC) -> [CameraDeviceSize] {
    var sizes: [CameraDeviceSize] = []
    var size = swl_video_size()
    for index in 0..<Self.enumerationLimit {
      guard unsafe swl_video_enumerate_size(video, code.code, index, &size) == 0 else { break }
      guard size.min_width <= size.max_width, size.min_height <= size.max_height else { continue }
      sizes.append(
        CameraDeviceSize(
          widths: Int(size.min_width)...Int(size.max_width), widthStep: Int(size.step_width), heights: Int(size.min_height)...Int(size.max_height),
          heightStep: Int(size.step_height), frameRates: frameRates(of: code, width: Int(size.max_width), height: Int(size.max_height))))
    }
    return sizes
  }

  func frameRates(of code: FourCC, width: Int, height: Int) -> [ClosedRange<Double>] {
    var rates: [ClosedRange<Double>] = []
    var interval = swl_video_interval()
    for index in 0..<Self.enumerationLimit {
      guard unsafe swl_video_enumerate_interval(video, code.code, UInt32(width), UInt32(height), index, &interval) == 0 else { break }
      guard interval.min_numerator > 0, interval.max_numerator > 0 else { continue }
      let fastest = Double(interval.min_denominator) / Double(interval.min_numerator)
      let slowest = Double(interval.max_denominator) / Double(interval.max_numerator)
      rates.append(min(slowest, fastest)...max(slowest, fastest))
    }
    return rates
  }

  func controls() -> [CameraControl] {
    var controls: [CameraControl] = []
    var control = swl_video_control()
    while controls.count < Int(Self.enumerationLimit), unsafe swl_video_next_control(video, control.id, &control) == 0 {
      if control.disabled || control.kind == SWL_VIDEO_CONTROL_OTHER.rawValue || control.minimum > control.maximum { continue }
      var value: Int32 = 0
      let readable = unsafe swl_video_get_control(video, control.id, &value) == 0
      controls.append(
        CameraControl(
          id: control.id, name: CameraControl.normalise(cText(control.name)), kind: Self.kind(control.kind),
          range: Int(control.minimum)...Int(control.maximum), step: Int(control.step), standard: Int(control.standard),
          value: readable ? Int(value) : nil, isReadOnly: control.read_only, isInactive: control.inactive, menu: menu(of: control)))
    }
    return controls
  }

  private static func kind(_ kind: UInt32) -> CameraControl.Kind {
    switch kind {
    case SWL_VIDEO_CONTROL_INTEGER.rawValue: .integer
    case SWL_VIDEO_CONTROL_BOOLEAN.rawValue: .boolean
    case SWL_VIDEO_CONTROL_MENU.rawValue: .menu
    case SWL_VIDEO_CONTROL_BUTTON.rawValue: .button
    default: .other
    }
  }

  private func menu(of control: swl_video_control) -> [(value: Int, name: String)] {
    guard control.kind == SWL_VIDEO_CONTROL_MENU.rawValue, control.minimum >= 0 else { return [] }
    var menu: [(value: Int, name: String)] = []
    var name = [CChar](repeating: 0, count: 32)
    for index in control.minimum...min(control.maximum, control.minimum + Int32(Self.enumerationLimit)) {
      guard unsafe swl_video_menu_item(video, control.id, UInt32(index), &name) == 0 else { continue }
      menu.append((Int(index), String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)))
    }
    return menu
  }

  func setControl(_ id: UInt32, to value: Int) throws(SystemFailure) {
    try unsafe Self.check(swl_video_set_control(video, id, Int32(clamping: value)))
  }
}

extension VideoFormat {
  init(_ format: swl_video_format) {
    self.init(
      code: FourCC(code: format.fourcc), width: Int(format.width), height: Int(format.height), bytesPerLine: Int(format.bytes_per_line),
      byteCount: Int(format.byte_count), colourSpace: format.colour_space, encoding: format.encoding, quantisation: format.quantisation)
    guard format.plane_count > 1 else { return }
    let offsets = [format.plane_offset.0, format.plane_offset.1, format.plane_offset.2]
    let lines = [format.plane_bytes_per_line.0, format.plane_bytes_per_line.1, format.plane_bytes_per_line.2]
    memoryPlanes = zip(offsets, lines).prefix(Int(format.plane_count)).map { MemoryPlane(offset: Int($0), bytesPerLine: Int($1)) }
  }
}

/// The text in a C structure's array of characters, up to its zero.
private func cText<Characters>(_ characters: Characters) -> String {
  unsafe withUnsafeBytes(of: characters) { bytes in
    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
