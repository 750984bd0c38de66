import CCUDAKernels
import CImaging
import Glibc
import Inference

/// Makes an input's tensor of frames' pixels on the device, by a kernel that stands before the model's in a recording of its own.
///
/// The kernel finds all that a frame's size and format decide in a block of fixed size and place, so that one recording serves every frame.
@safe final class CUDAFrames {
  enum Taking {
    case taken
    /// Not one that the device takes.
    case refused
    case failed(InferenceError)
  }

  /// Where a kind of things lies in the block.
  private struct Layout {
    let columns: Int
    let rows: Int
    let columnWeights: Int
    let rowWeights: Int
    let tables: Int
    let padding: Int
    let byteCount: Int

    init(_ pass: swl_preparation) {
      var end = 0
      func place(_ byteCount: Int) -> Int {
        defer { end += (byteCount + 63) & ~63 }
        return end
      }
      let values = unsafe Int(pass.channels * pass.element_bytes)
      _ = unsafe place(MemoryLayout<swl_cuda_frame>.size)
      columns = unsafe place(4 * Int(pass.width))
      rows = unsafe place(4 * Int(pass.height))
      columnWeights = unsafe place(2 * Int(pass.width))
      rowWeights = unsafe place(2 * Int(pass.height))
      tables = place(256 * values)
      padding = place(values)
      byteCount = end
    }
  }

  /// Which of the program's inputs it makes.
  let port: Int
  private let device: CUDADevice
  /// Sizes that all its frames share.
  private let form: swl_preparation
  private let layout: Layout
  private let block: CUDASharedBytes
  /// Whether the device hasn't the block as it is on the host.
  private var isBlockDue = true
  private var described: Described?
  private var pixels: CUDASharedBytes?
  private var pixelByteCount = 0
  /// So many bytes, or more, there was no room for.
  private var refusedByteCount = CUDAFrames.largestFrame + 1
  private let plan: CUDAPlan

  /// Larger ones would take more of a device's memory, and of the host's pinned, than a faster preparation is worth.
  static let largestFrame = 1 << 26

  /// - Parameter tensor: where the input lies on the device.
  init(_ device: CUDADevice, port: Int, _ pass: swl_preparation, tensor: DeviceAddress) throws(InferenceError) {
    (self.device, self.port) = (device, port)
    unsafe form = pass
    layout = unsafe Layout(pass)
    block = try CUDASharedBytes(device, byteCount: layout.byteCount)
    unsafe block.bytes.initializeMemory(as: UInt8.self, repeating: 0)
    var plan = CUDAPlan()
    let count = unsafe Int(pass.width) * Int(pass.height)
    let arguments = unsafe swl_cuda_preparation(
      frame: UnsafePointer(bitPattern: UInt(block.address)), tensor: UnsafeMutableRawPointer(bitPattern: UInt(tensor)), pixels: Int64(count))
    try unsafe plan.append(swl_cuda_prepare__id, of: device, arguments, threads: count, work: 64 * count, serial: 1, instruction: 0)
    self.plan = plan
    // A frame without content: the whole tensor is padding.
    var empty = unsafe pass
    unsafe (empty.content_width, empty.content_height) = (0, 0)
    unsafe describe(empty, swl_source())
  }

  /// The kernel's launch.
  var step: CUDAStep { plan.steps[0] }

  /// Reads a frame's pixels into memory that the device reaches. Those of a larger frame than before want other memory; nothing else allocates.
  /// - Precondition: nothing that `bring` put into the stream is under way.
  func take(_ pass: swl_preparation, _ source: swl_source) -> Taking {
    guard
      unsafe pass.width == form.width, unsafe pass.height == form.height, unsafe pass.channels == form.channels,
      unsafe pass.element_bytes == form.element_bytes
    else { return .refused }
    var source = source
    let (first, second, third) = (FramePlane(0, of: source), FramePlane(1, of: source), FramePlane(2, of: source))
    let end = first.roundedByteCount + second.roundedByteCount + third.roundedByteCount
    guard end > 0, end < refusedByteCount else { return .refused }
    if unsafe end > pixels?.bytes.count ?? 0, let obstacle = makeRoom(end) { return obstacle }
    guard let pixels else { return .refused }
    var offset = 0
    unsafe source.plane.0 = first.copy(to: pixels, &offset)
    unsafe source.plane.1 = second.copy(to: pixels, &offset)
    unsafe source.plane.2 = third.copy(to: pixels, &offset)
    source.bytes_per_line = (first.bytesPerRow, second.bytesPerRow, third.bytesPerRow)
    pixelByteCount = end
    unsafe describe(pass, source)
    return .taken
  }

  /// Puts into the stream what brings the frame to the device. Allocates nothing.
  func bring(in stream: CUDAStream) -> Int32 {
    if isBlockDue {
      let result = block.bring(layout.byteCount, in: stream)
      guard result == 0 else { return result }
      isBlockDue = false
    }
    return pixels?.bring(pixelByteCount, in: stream) ?? 0
  }

  private func makeRoom(_ byteCount: Int) -> Taking? {
    // What is too small goes first: a device may not have room for both.
    pixels = nil
    do throws(InferenceError) {
      try device.enter()
      defer { device.leave() }
      pixels = try CUDASharedBytes(device, byteCount: byteCount)
    } catch {
      guard error.code == .noResources else { return .failed(error) }
      refusedByteCount = byteCount
      return .refused
    }
    return nil
  }

  /// Writes what isn't there already: a frame of the size and format before it changes nothing.
  private func describe(_ pass: swl_preparation, _ source: swl_source) {
    let base = unsafe UnsafeRawPointer(bitPattern: UInt(block.address))!
    var frame = unsafe swl_cuda_frame(pass: pass, source: source)
    unsafe frame.pass.x_first = (base + layout.columns).assumingMemoryBound(to: Int32.self)
    unsafe frame.pass.y_first = (base + layout.rows).assumingMemoryBound(to: Int32.self)
    unsafe frame.pass.x_weight = (base + layout.columnWeights).assumingMemoryBound(to: Int16.self)
    unsafe frame.pass.y_weight = (base + layout.rowWeights).assumingMemoryBound(to: Int16.self)
    unsafe frame.pass.tables = base + layout.tables
    unsafe frame.pass.padding = base + layout.padding
    // Addresses of this process's memory mean nothing there.
    unsafe (frame.pass.pixels, frame.pass.mixed, frame.pass.rows) = (nil, nil, (nil, nil))
    unsafe (frame.pass.blended, frame.pass.samples, frame.pass.colours) = (nil, nil, nil)
    let next = unsafe Described(pass, source)
    if next != described {
      unsafe block.bytes.storeBytes(of: frame, as: swl_cuda_frame.self)
      (described, isBlockDue) = (next, true)
    }
    let (columns, rows) = unsafe (Int(pass.content_width), Int(pass.content_height))
    unsafe write(pass.x_first, 4 * columns, at: layout.columns)
    unsafe write(pass.y_first, 4 * rows, at: layout.rows)
    unsafe write(pass.x_weight, 2 * columns, at: layout.columnWeights)
    unsafe write(pass.y_weight, 2 * rows, at: layout.rowWeights)
    let values = unsafe Int(pass.channels * pass.element_bytes)
    unsafe write(pass.tables, 256 * values, at: layout.tables)
    unsafe write(pass.padding, values, at: layout.padding)
  }

  private func write(_ source: UnsafeRawPointer?, _ byteCount: Int, at offset: Int) {
    guard byteCount > 0, let source = unsafe source else { return }
    let target = unsafe block.bytes.baseAddress! + offset
    guard unsafe memcmp(target, source, byteCount) != 0 else { return }
    unsafe target.copyMemory(from: source, byteCount: byteCount)
    isBlockDue = true
  }
}

/// All that distinguishes two frames' descriptions, the tables apart. Bytes of the structure itself wouldn't do: some lie between its members.
private struct Described: Equatable {
  let (format, width, height): (UInt32, Int32, Int32)
  let (yOffset, yScale, rv, gu, gv, bu): (Int16, Int16, Int16, Int16, Int16, Int16)
  let (x, y, columns, rows, isReversed): (Int32, Int32, Int32, Int32, Int32)
  let plane: UInt

  init(_ pass: swl_preparation, _ source: swl_source) {
    (format, width, height) = (source.format.rawValue, source.width, source.height)
    let colour = source.colour
    (yOffset, yScale, rv) = (colour.y_offset, colour.y_scale, colour.r_v)
    (gu, gv, bu) = (colour.g_u, colour.g_v, colour.b_u)
    (x, y) = unsafe (pass.content_x, pass.content_y)
    (columns, rows, isReversed) = unsafe (pass.content_width, pass.content_height, pass.reverses_channels)
    // The others follow from it.
    plane = unsafe UInt(bitPattern: source.plane.0)
  }
}
