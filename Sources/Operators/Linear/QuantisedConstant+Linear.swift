import ModelGraph
import Tensors

extension QuantisedConstant {
  /// The integers, less their zero points, as weights with the axis that `layout` puts first as output channel, permuted by `order`: int8,
  /// or int16 where they don't fit; nil where they are not of 8 bits, or scaled along another axis.
  func symmetricWeights(outputAxis: Int, order: [Int]) -> (values: HostTensor, scales: [Float])? {
    guard let range = integers.elementType.eightBitRange, zeroPoints.allSatisfy(range.contains), scales.count == 1 || axis == outputAxis else { return nil }
    guard integers.elementType == .uint8 || zeroPoints.contains(where: { $0 != 0 }) else { return (integers.transposed(order), scales) }
    let inner = scales.count == 1 ? 1 : integers.dimensions[(axis + 1)...].reduce(1, *)
    let centred = integers.integers().enumerated().map { index, value in
      Int16(clamping: value - Int64(zeroPoints[zeroPoints.count == 1 ? 0 : index / inner % zeroPoints.count]))
    }
    let isNarrow = centred.allSatisfy { -128...127 ~= $0 }
    let values = isNarrow ? HostTensor(centred.map { Int8($0) }, dimensions: integers.dimensions) : HostTensor(centred, dimensions: integers.dimensions)
    return (values.transposed(order), scales)
  }

  /// The integers as an int32 bias; nil where they are not int32 with zero points 0.
  var symmetricBias: (values: HostTensor, scales: [Float])? {
    guard integers.elementType == .int32, zeroPoints.allSatisfy({ $0 == 0 }) else { return nil }
    return (integers, scales)
  }
}
