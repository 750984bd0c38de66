import CCUDAKernels
import CImaging
import Glibc
import Inference

/// Makes an input's tensor of frames' pixels on the device, by a kernel that stands before the model's in a recording of its own.
///
/// The kernel finds all that a frame's size and format decide in a block of fixed size and place, so that one recording serves every frame. All memory is
/// there from the beginning: to ask the driver for some, or to give it back, may wait for whatever any session has on the device, without an end.
@safe final class CUDAFrames {
  /// Where a kind of things lies in the block.
  private struct Layout {
    let columns: Int
    let rows: Int
    let columnWeights: Int
    let rowWeights: Int
    let chromaRows: Int
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
      chromaRows = unsafe place(4 * FrameRows.most(height: Int(pass.height)))
      tables = place(256 * values)
      padding = place(values)
      byteCount = end
    }
  }

  /// Which of the program's inputs it makes.
  let port: Int
  /// Sizes that all its frames share.
  private let form: swl_preparation
  private let layout: Layout
  private let block: CUDASharedBytes
  /// Whether the device hasn't the block as it is on the host.
  private var isBlockDue = true
  private var described: Described?
  private let pixels: CUDASharedBytes
  private var pixelByteCount = 0
  private var rows: FrameRows
  private let plan: CUDAPlan

  /// What a frame's rows may take: more of a device's memory, and of the host's pinned, a faster preparation isn't worth.
  static let largestFrame = 1 << 26

  /// - Parameters:
  ///   - tensor: where the input lies on the device.
  ///   - size: of the largest frame that there is to be room for.
  init(_ device: CUDADevice, port: Int, _ pass: swl_preparation, tensor: DeviceAddress, size: (width: Int, height: Int)) throws(InferenceError) {
    self.port = port
    unsafe form = pass
    layout = unsafe Layout(pass)
    rows = unsafe FrameRows(height: Int(pass.height))
    block = try CUDASharedBytes(device, byteCount: layout.byteCount, mayMap: false)
    let room = unsafe FramePlane.mostBytes(width: size.width, height: size.height, tensorHeight: Int(pass.height))
    pixels = try CUDASharedBytes(device, byteCount: min(room, Self.largestFrame), mayMap: true)
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

  /// Reads a frame's pixels, those of rows that the pass reads, into memory that the device reaches. Calls no driver and allocates nothing.
  /// - Precondition: nothing that `bring` put into the stream is under way.
  /// - Returns: false where it isn't one that the device takes, or there is no room for it.
  func take(_ pass: swl_preparation, _ source: swl_source) -> Bool {
    guard
      unsafe pass.width == form.width, unsafe pass.height == form.height, unsafe pass.channels == form.channels,
      unsafe pass.element_bytes == form.element_bytes
    else { return false }
    var source = source
    unsafe rows.choose(pass, height: Int(source.height))
    let isGrey = unsafe form.channels == 1
    let first = FramePlane(0, of: source, rows, isGrey: isGrey)
    let second = FramePlane(1, of: source, rows, isGrey: isGrey)
    let third = FramePlane(2, of: source, rows, isGrey: isGrey)
    let end = first.roundedByteCount + second.roundedByteCount + third.roundedByteCount
    guard end > 0, unsafe end <= pixels.bytes.count else { return false }
    var offset = 0
    unsafe source.plane.0 = first.copy(rows, to: pixels, &offset)
    unsafe source.plane.1 = second.copy(rows, to: pixels, &offset)
    unsafe source.plane.2 = third.copy(rows, to: pixels, &offset)
    source.bytes_per_line = (first.bytesPerRow, second.bytesPerRow, third.bytesPerRow)
    source.height = Int32(rows.count)
    pixelByteCount = end
    unsafe describe(pass, source)
    return true
  }

  /// Puts into the stream what brings the frame to the device. Allocates nothing.
  func bring(in stream: CUDAStream) -> Int32 {
    if isBlockDue {
      let result = block.bring(layout.byteCount, in: stream)
      guard result == 0 else { return result }
      isBlockDue = false
    }
    return pixels.bring(pixelByteCount, in: stream)
  }

  /// Writes what isn't there already: a frame of the size and format before it changes nothing.
  private func describe(_ pass: swl_preparation, _ source: swl_source) {
    let base = unsafe UnsafeRawPointer(bitPattern: UInt(block.address))!
    var frame = unsafe swl_cuda_frame(
      pass: pass, source: source, chroma_rows: (base + layout.chromaRows).assumingMemoryBound(to: Int32.self))
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
    let (columns, lines) = unsafe (Int(pass.content_width), Int(pass.content_height))
    unsafe write(pass.x_first, 4 * columns, at: layout.columns)
    unsafe write(rows.first, 4 * lines, at: layout.rows)
    unsafe write(pass.x_weight, 2 * columns, at: layout.columnWeights)
    unsafe write(pass.y_weight, 2 * lines, at: layout.rowWeights)
    unsafe write(rows.chroma, 4 * rows.count, at: layout.chromaRows)
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
  let (first, second, third): (UInt, UInt, UInt)

  init(_ pass: swl_preparation, _ source: swl_source) {
    (format, width, height) = (source.format.rawValue, source.width, source.height)
    let colour = source.colour
    (yOffset, yScale, rv) = (colour.y_offset, colour.y_scale, colour.r_v)
    (gu, gv, bu) = (colour.g_u, colour.g_v, colour.b_u)
    (x, y) = unsafe (pass.content_x, pass.content_y)
    (columns, rows, isReversed) = unsafe (pass.content_width, pass.content_height, pass.reverses_channels)
    (first, second, third) = unsafe (UInt(bitPattern: source.plane.0), UInt(bitPattern: source.plane.1), UInt(bitPattern: source.plane.2))
  }
}
