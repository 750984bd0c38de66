public import ModelFormat
import Tensors

/// An output of a model: its port and the tensor that carries it.
public struct ModelOutput: Equatable, Sendable {
  public var port: Port
  public var tensor: TensorDescription

  public init(port: Port, tensor: TensorDescription) {
    self.port = port
    self.tensor = tensor
  }

  /// A program's outputs, in order.
  public static func all(of program: Program) -> [ModelOutput] {
    program.outputs.map { ModelOutput(port: $0, tensor: program.tensors[Int($0.tensor)]) }
  }
}

/// Reads a `rows × columns` output of any memory layout as real numbers, whatever it is stored as.
struct OutputReader: Equatable {
  /// The output's position among the model's outputs.
  let index: Int
  let name: String
  let rows: Int
  let columns: Int
  let rowStride: Int
  let columnStride: Int
  private let elementType: ElementType
  /// What the 256 patterns of an 8-bit element stand for; empty for float32.
  private let values: [Float]

  /// A matrix: declared `[1, …, rows, columns]`.
  /// - Parameter shape: how messages describe the dimensions that are needed.
  init(named name: String, among outputs: [ModelOutput], needing shape: String) throws(ObjectDetectionError) {
    let index = try Self.find(name, among: outputs)
    let port = outputs[index].port
    let declared = port.declaredDimensions
    guard declared.count >= 2, declared.dropLast(2).allSatisfy({ $0 == 1 }), declared.suffix(2).allSatisfy({ $0 > 0 }) else {
      throw ObjectDetectionError(.unsuitableOutput, "output \(name) is \(declared), but its decoding needs \(shape)")
    }
    let strides = outputs[index].tensor.dimensions.rowMajorStrides
    self.index = index
    self.name = name
    rows = declared[declared.count - 2]
    columns = declared[declared.count - 1]
    rowStride = strides[port.permutation.firstIndex(of: declared.count - 2)!]
    columnStride = strides[port.permutation.firstIndex(of: declared.count - 1)!]
    elementType = outputs[index].tensor.elementType
    values = try Self.table(for: outputs[index], named: name)
  }

  /// Cells and their channels, whichever comes first: declared `[1, cells, channels]`, `[1, channels, cells]`,
  /// `[1, channels, rows, columns]` or `[1, rows, columns, channels]`. A cell reads as a row.
  /// - Parameters:
  ///   - cells: cells that it must have.
  ///   - grid: the feature map's sides, where the cells are those of one.
  ///   - channels: nil where any number above 0 will do.
  init(
    cellsNamed name: String, among outputs: [ModelOutput], cells: Int, grid: (rows: Int, columns: Int)?, channels: Int?
  ) throws(ObjectDetectionError) {
    let index = try Self.find(name, among: outputs)
    let declared = outputs[index].port.declaredDimensions
    let fits = { (count: Int) in count > 0 && (channels == nil || channels == count) }
    let cellAxes: [Int]
    let channelAxis: Int
    if declared.count == 3, declared[0] == 1, declared[1] == cells, fits(declared[2]) {
      (cellAxes, channelAxis) = ([1], 2)
    } else if declared.count == 3, declared[0] == 1, declared[2] == cells, fits(declared[1]) {
      (cellAxes, channelAxis) = ([2], 1)
    } else if let grid, declared.count == 4, declared[0] == 1, declared[2] == grid.rows, declared[3] == grid.columns, fits(declared[1]) {
      (cellAxes, channelAxis) = ([2, 3], 1)
    } else if let grid, declared.count == 4, declared[0] == 1, declared[1] == grid.rows, declared[2] == grid.columns, fits(declared[3]) {
      (cellAxes, channelAxis) = ([1, 2], 3)
    } else {
      throw ObjectDetectionError(.unsuitableOutput, Self.explanation(name, declared, cells: cells, grid: grid, channels: channels))
    }
    try self.init(index: index, output: outputs[index], rowAxes: cellAxes, columnAxes: [channelAxis])
  }

  /// A matrix whose rows and columns are each one or more axes of the output, in order.
  init(index: Int, output: ModelOutput, rowAxes: [Int], columnAxes: [Int]) throws(ObjectDetectionError) {
    let name = output.port.name
    guard let rows = Self.merged(rowAxes, of: output), let columns = Self.merged(columnAxes, of: output) else {
      throw ObjectDetectionError(.unsuitableOutput, "output \(name) lies in memory in an order that its decoding can't read: compile the model anew")
    }
    self.index = index
    self.name = name
    (self.rows, rowStride) = rows
    (self.columns, columnStride) = columns
    elementType = output.tensor.elementType
    values = try Self.table(for: output, named: name)
  }

  /// Several axes as one; nil where their elements are not evenly apart.
  private static func merged(_ axes: [Int], of output: ModelOutput) -> (count: Int, stride: Int)? {
    let strides = output.tensor.dimensions.rowMajorStrides
    var merged = (count: 1, stride: 1)
    for axis in axes.reversed() where output.port.declaredDimensions[axis] != 1 {
      let stride = strides[output.port.permutation.firstIndex(of: axis)!]
      if merged.count == 1 { merged.stride = stride }
      guard stride == merged.count * merged.stride else { return nil }
      merged.count *= output.port.declaredDimensions[axis]
    }
    return merged
  }

  private static func explanation(
    _ name: String, _ declared: [Int], cells: Int, grid: (rows: Int, columns: Int)?, channels: Int?
  ) -> String {
    let channels = channels.map { "\($0)" } ?? "channels"
    let square = grid.map { ", [1, \(channels), \($0.rows), \($0.columns)]" } ?? ""
    return "output \(name) is \(declared), but the recipe's strides, input size and labels need [1, \(cells), \(channels)], "
      + "[1, \(channels), \(cells)]\(square) or the axes in another order"
  }

  /// A vector: at most one declared dimension is above 1. It reads as one row.
  init(vectorNamed name: String, among outputs: [ModelOutput], needing shape: String) throws(ObjectDetectionError) {
    let index = try Self.find(name, among: outputs)
    let declared = outputs[index].port.declaredDimensions
    guard declared.allSatisfy({ $0 > 0 }), declared.count(where: { $0 > 1 }) <= 1 else {
      throw ObjectDetectionError(.unsuitableOutput, "output \(name) is \(declared), but its decoding needs \(shape)")
    }
    self.index = index
    self.name = name
    rows = 1
    columns = declared.elementCount
    rowStride = columns
    columnStride = 1
    elementType = outputs[index].tensor.elementType
    values = try Self.table(for: outputs[index], named: name)
  }

  /// The position of an output whose port and tensor agree.
  static func find(_ name: String, among outputs: [ModelOutput]) throws(ObjectDetectionError) -> Int {
    guard let index = outputs.firstIndex(where: { $0.port.name == name }) else {
      let names = outputs.map(\.port.name).joined(separator: ", ")
      throw ObjectDetectionError(.missingOutput, "the recipe decodes output \(name), but the model has: \(names)")
    }
    let declared = outputs[index].port.declaredDimensions
    let permutation = outputs[index].port.permutation
    let dimensions = outputs[index].tensor.dimensions
    guard permutation.sorted() == Array(0..<declared.count), dimensions.count == declared.count,
      zip(permutation, dimensions).allSatisfy({ declared[$0] == $1 })
    else {
      throw ObjectDetectionError(.unsuitableOutput, "output \(name) is declared \(declared) but its tensor is \(dimensions): compile the model anew")
    }
    return index
  }

  private static func table(for output: ModelOutput, named name: String) throws(ObjectDetectionError) -> [Float] {
    switch output.tensor.elementType {
    case .float32: return []
    case .uint8, .int8:
      guard let quantisation = output.tensor.quantisation else {
        throw ObjectDetectionError(.unsuitableOutput, "output \(name) is \(output.tensor.elementType.name) without a quantisation: compile the model anew")
      }
      let isSigned = output.tensor.elementType == .int8
      return (0..<256).map { quantisation.dequantised(isSigned ? Int32(Int8(truncatingIfNeeded: $0)) : Int32($0)) }
    default:
      throw ObjectDetectionError(.unsuitableOutput, "output \(name) is \(output.tensor.elementType.name); results are decoded from float32, uint8 and int8")
    }
  }

  /// Bytes of the output.
  var byteCount: Int { rows * columns * elementType.byteCount }

  /// The best of a row's columns from `first` on: its distance from `first`, and its value.
  @inline(__always)
  func best(_ bytes: UnsafeRawBufferPointer, row: Int, from first: Int, count: Int) -> (label: Int, value: Float) {
    var best = (label: 0, value: unsafe value(bytes, row: row, column: first))
    for label in 1..<max(1, count) {
      let value = unsafe value(bytes, row: row, column: first + label)
      // A first value that is no number gives way to any that is.
      if value > best.value || best.value.isNaN { best = (label, value) }
    }
    return best
  }

  /// Whether any value is an infinity or no number. - Precondition: `bytes` has at least `byteCount` bytes.
  func hasNonFiniteValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard values.isEmpty, let base = bytes.baseAddress else { return false }
    // Without a branch, so that many are looked at at once.
    var found: UInt32 = 0
    for at in 0..<rows &* columns {
      let exponent = unsafe base.loadUnaligned(fromByteOffset: 4 &* at, as: UInt32.self) & 0x7F80_0000
      found |= exponent == 0x7F80_0000 ? 1 : 0
    }
    return found != 0
  }

  /// The real value at a place. - Precondition: `bytes` has at least `byteCount` bytes.
  @inline(__always)
  func value(_ bytes: UnsafeRawBufferPointer, row: Int, column: Int) -> Float {
    let at = row * rowStride + column * columnStride
    return values.isEmpty ? unsafe bytes.loadUnaligned(fromByteOffset: 4 * at, as: Float.self) : values[Int(unsafe bytes[at])]
  }
}
