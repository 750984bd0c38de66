import CVideo4Linux

/// Formats whose planes lie in memory apart, which cameras offer beside others that are taken first: read as the driver gives them.
struct MemoryPlanes {
  let device: String

  /// What is wrong with a format of so many planes.
  /// - Parameter code: four characters.
  func problem(_ code: StaticString, planes count: Int) -> String? {
    var opened: OpaquePointer?
    guard unsafe swl_video_open(device, &opened) == 0, let video = unsafe opened else { return "\(device) can't be opened" }
    defer { unsafe swl_video_close(video) }
    var identity = swl_video_identity()
    guard unsafe swl_video_identify(video, &identity) == 0, identity.multiplanar else { return "\(device) isn't multi-planar" }
    let characters = unsafe UnsafeBufferPointer(start: code.utf8Start, count: 4)
    let fourcc = unsafe characters.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    var format = swl_video_format()
    guard unsafe swl_video_set_format(video, fourcc, 640, 480, &format) == 0, format.fourcc == fourcc else { return "\(device) has no \(code)" }
    guard format.plane_count == count else { return "\(format.plane_count) planes" }
    var buffers: UInt32 = 0
    guard unsafe swl_video_request_buffers(video, 2, &buffers) == 0, buffers >= 2 else { return "no buffers" }
    var memory: UnsafeMutableRawPointer?
    var byteCount = 0
    guard unsafe swl_video_map(video, 0, &memory, &byteCount) == 0, let start = unsafe memory else { return "the planes can't be mapped" }
    defer { unsafe swl_video_unmap(video, start, byteCount) }
    guard unsafe swl_video_queue(video, 0) == 0, unsafe swl_video_start(video) == 0 else { return "it doesn't stream" }
    var wake: Int32 = -1
    guard unsafe swl_wake_open(&wake) == 0, unsafe swl_wait(wake, swl_video_descriptor(video), 10_000_000_000) == SWL_WAIT_READY else { return "no frame" }
    var filled = swl_video_buffer()
    guard unsafe swl_video_dequeue(video, &filled) == 0, filled.index == 0 else { return "no frame is given back" }
    defer { _ = unsafe swl_video_stop(video) }
    let offsets = [format.plane_offset.0, format.plane_offset.1, format.plane_offset.2].map(Int.init)
    let lines = [format.plane_bytes_per_line.0, format.plane_bytes_per_line.1, format.plane_bytes_per_line.2].map(Int.init)
    let rows = [400, 200, 200]
    guard Int(filled.byte_count) > offsets[count - 1] + 239 * lines[count - 1], Int(filled.byte_count) <= byteCount else { return "\(filled.byte_count) bytes" }
    // The middle of bars 1 and 2, yellow and cyan: lighter than each bar behind them, and of opposite chroma.
    func at(_ plane: Int, _ x: Int) -> Int { Int(unsafe start.load(fromByteOffset: offsets[plane] + rows[plane] * lines[plane] + x, as: UInt8.self)) }
    let luma = (0..<8).map { at(0, 80 * $0 + 40) }
    guard zip(luma, luma.dropFirst()).allSatisfy({ $0 > $1 }) else { return "luma is \(luma)" }
    let blue = count == 2 ? (at(1, 120), at(1, 200)) : (at(1, 60), at(1, 100))
    let red = count == 2 ? (at(1, 121), at(1, 201)) : (at(2, 60), at(2, 100))
    return blue.0 < 128 && blue.1 > 128 && red.0 > 128 && red.1 < 128 ? nil : "chroma is \(blue), \(red)"
  }
}
