import ModelGraph
import Tensors

extension QuantisedConstant {
  /// The integers as symmetric int8 weights with the axis that `layout` puts first as output channel, permuted by `order`;
  /// nil where they are not int8 with zero points 0, or scaled along another axis.
  func symmetricWeights(outputAxis: Int, order: [Int]) -> (values: HostTensor, scales: [Float])? {
    guard integers.elementType == .int8, zeroPoints.allSatisfy({ $0 == 0 }) else { return nil }
    guard scales.count == 1 || axis == outputAxis else { return nil }
    return (integers.transposed(order), scales)
  }

  /// The integers as an int32 bias; nil where they are not int32 with zero points 0.
  var symmetricBias: (values: HostTensor, scales: [Float])? {
    guard integers.elementType == .int32, zeroPoints.allSatisfy({ $0 == 0 }) else { return nil }
    return (integers, scales)
  }
}
