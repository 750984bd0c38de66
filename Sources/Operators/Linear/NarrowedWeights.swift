import ModelFormat
import ModelGraph
import Tensors

/// Float weights in 8 or 4 bits, for layers whose activations stay float: the nearest multiple of a scale, one an output channel in 8 bits,
/// one each 32 products in 4.
struct NarrowedWeights {
  /// As `Convolution.NarrowWeights` wants them.
  let integers: HostTensor
  /// `[O, groups]`.
  let scales: HostTensor
  let bits: Int
  let group: Int

  /// Smaller layers cost a program more than they save.
  private static let leastCount = 4096
  private static let smallGroup = 32

  /// As `init`, with what was made of equal weights before.
  static func of(_ weights: HostTensor, in lowering: Lowering) -> NarrowedWeights? {
    let bits = lowering.graph.weightBits
    guard bits < 32 else { return nil }
    let forms = lowering.graph.constantForms.forms(of: weights, as: "\(bits) bits") { () -> [HostTensor]? in
      NarrowedWeights(weights, bits: bits).map { [$0.integers, $0.scales, HostTensor([Int64($0.bits), Int64($0.group)], dimensions: [2])] }
    }
    return forms.map { NarrowedWeights(integers: $0[0], scales: $0[1], bits: Int($0[2].integers()[0]), group: Int($0[2].integers()[1])) }
  }

  private init(integers: HostTensor, scales: HostTensor, bits: Int, group: Int) {
    self.integers = integers
    self.scales = scales
    self.bits = bits
    self.group = group
  }

  /// - Parameter weights: `[O,kH,kW,I]`.
  /// - Returns: nil where the layer is better left as it is. An odd number of channels doesn't pair up, and takes 8 bits.
  init?(_ weights: HostTensor, bits: Int) {
    let (outputs, inputs) = (weights.dimensions[0], weights.dimensions[3])
    guard bits < 32, inputs > 1, weights.elementCount >= Self.leastCount else { return nil }
    let values = weights.floats()
    guard values.allSatisfy(\.isFinite) else { return nil }
    let depth = values.count / outputs
    self.bits = bits == 4 && inputs % 2 == 0 ? 4 : 8
    group = self.bits == 4 ? Self.smallGroup : (depth + 1) / 2 * 2
    var scales: [Float] = []
    var rounded: [Int] = []
    rounded.reserveCapacity(values.count)
    for row in 0..<outputs {
      for first in stride(from: 0, to: depth, by: group) {
        let part = values[row * depth + first..<row * depth + min(first + group, depth)]
        let (scale, integers) = self.bits == 4 ? Self.inFourBits(part) : part.inEightBits()
        scales.append(scale)
        rounded += integers
      }
    }
    self.scales = HostTensor(scales, dimensions: [outputs, scales.count / outputs])
    if self.bits == 8 {
      integers = HostTensor(rounded.map { Int8($0) }, dimensions: weights.dimensions)
    } else {
      let bytes = stride(from: 0, to: rounded.count, by: 2).map { UInt8(rounded[$0] + 8) | UInt8(rounded[$0 + 1] + 8) << 4 }
      integers = HostTensor(bytes, dimensions: weights.dimensions.dropLast() + [inputs / 2])
    }
  }

  /// The range −8…7 is lopsided: a negative scale turns it round. Of some scales the one that errs least.
  private static func inFourBits(_ values: ArraySlice<Float>) -> (scale: Float, integers: [Int]) {
    let largest = values.reduce(Float(0)) { max($0, $1.magnitude) }
    guard largest / 16 > 0 else { return (1, values.map { _ in 0 }) }
    var best: (error: Double, scale: Float, integers: [Int]) = (.infinity, 1, [])
    for steps in [6.0, 6.5, 7, 7.5, 8, 8.5, 9, 10] as [Float] {
      for scale in [largest / steps, -largest / steps] {
        let integers = values.map { Int(min(max(($0 / scale).rounded(), -8), 7)) }
        // In double precision: squares of large weights are beyond single.
        let error = zip(values, integers).reduce(0.0) { sum, pair in
          let difference = Double(pair.0) - Double(pair.1) * Double(scale)
          return sum + difference * difference
        }
        if error < best.error { best = (error, scale, integers) }
      }
    }
    return (best.scale, best.integers)
  }
}
