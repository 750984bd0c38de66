import ModelGraph
import Tensors

/// Scale and zero point for each element of a tensor quantised as a whole, along an axis, or in blocks along an axis.
struct ElementwiseScheme {
  let scales: [Float]
  let zeroPoints: [Int64]
  private let strides: Strides

  /// How the position of an element becomes the position of its scale.
  private struct Strides {
    var inner = 1
    var length = 1
    /// Scales along the axis; 0 for a single scale.
    var count = 0
    var block = 1
  }

  init(_ inputs: [HostTensor?], axis: Int, blockSize: Int) throws(OperatorError) {
    guard inputs.count >= 2, let x = inputs[0], let scale = inputs[1] else { throw OperatorError(.invalid, "needs x and a scale") }
    scales = scale.floats()
    zeroPoints = inputs.count > 2 ? inputs[2]?.integers() ?? [] : []
    guard !scales.isEmpty, zeroPoints.isEmpty || zeroPoints.count == scales.count else {
      throw OperatorError(.invalid, "has \(scales.count) scales and \(zeroPoints.count) zero points")
    }
    guard scales.count > 1 || blockSize > 0 else {
      strides = Strides()
      return
    }
    let position = axis < 0 ? axis + x.dimensions.count : axis
    guard x.dimensions.indices.contains(position) else { throw OperatorError(.invalid, "has \(scales.count) scales along axis \(axis) of \(x.dimensions)") }
    let length = x.dimensions[position]
    let inner = x.dimensions[(position + 1)...].reduce(1, *)
    if blockSize > 0 {
      var expected = x.dimensions
      // No block needs to reach beyond the axis, and the size comes from a file.
      expected[position] = length == 0 ? 0 : (length - 1) / blockSize + 1
      guard scale.dimensions == expected else {
        throw OperatorError(.invalid, "has scales \(scale.dimensions) for blocks of \(blockSize) along axis \(axis) of \(x.dimensions)")
      }
      strides = Strides(inner: inner, length: length, count: expected[position], block: blockSize)
    } else {
      // A row's scales may come as a column, [M, 1].
      guard scales.count == length else { throw OperatorError(.invalid, "has \(scales.count) scales along axis \(axis) of \(x.dimensions)") }
      strides = Strides(inner: inner, length: length, count: length, block: 0)
    }
  }

  func scale(of index: Int) -> Float { scales[position(of: index)] }
  func zeroPoint(of index: Int) -> Int64 { zeroPoints.isEmpty ? 0 : zeroPoints[position(of: index)] }

  private func position(of index: Int) -> Int {
    guard strides.count > 0 else { return 0 }
    let along = index / strides.inner % strides.length
    if strides.block == 0 { return along }
    let outer = index / (strides.inner * strides.length)
    return (outer * strides.count + along / strides.block) * strides.inner + index % strides.inner
  }
}

extension ElementType {
  /// The whole numbers of at most 16 bits that QuantizeLinear makes; nil for every other type.
  var quantisedRange: ClosedRange<Float>? {
    switch self {
    case .uint8: 0...255
    case .int8: -128...127
    case .uint16: 0...65535
    case .int16: -32768...32767
    default: nil
    }
  }
}

extension Composition {
  /// A scale or zero point in float32, ready to be broadcast to a tensor quantised along an axis.
  mutating func broadcastable(_ position: Int, of inputs: [OperatorInput?], axis: Int) throws(OperatorError) -> Source {
    let (x, given) = (try inputs.required(0, "x").type, try inputs.required(position, "scale").type)
    var value = Source.input(position)
    if given.elementType != .float32 { value = add(try Cast(.plain("Cast", ["to": .integer(1)])), value) }
    let at = try normalised(axis: given.elementCount == 1 ? 0 : axis, rank: max(x.dimensions.count, 1))
    guard given.elementCount == 1 || given.elementCount == x.dimensions[at] else {
      throw OperatorError(.unsupported, "is quantised in blocks (attribute 'block_size'), which has no instruction")
    }
    var shape = [Int](repeating: 1, count: x.dimensions.count)
    if given.elementCount > 1 { shape[at] = given.elementCount }
    return add(try Reshape(.plain("Reshape")), value, .constant(HostTensor(shape.map { Int64($0) }, dimensions: [shape.count])))
  }
}
