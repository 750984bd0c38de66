import ModelFormat
import ModelGraph
import Tensors

/// Integer weights of nine bits: 8-bit ones around a zero point of their own reach from −255 to 255, which no kernel multiplies.
///
/// `w = w₁ + w₂ (+ w₃)`, all in 8 bits, so the convolution reads some input channels again for the later parts: exact, and since few weights
/// are that large, few channels of a convolution without groups are repeated.
struct WideWeights {
  /// int8 `[O,kH,kW,I + repeated]`.
  let values: HostTensor
  /// The channels that stand behind a group's own again, once for each further part.
  private let repeated: [Int]
  private let groups: Int

  /// Channels that are repeated one by one; where there are more runs than this, all are.
  private static let mostRuns = 16

  /// - Parameter weights: int16 `[O,kH,kW,I]`, every value within ±255.
  init(_ weights: HostTensor, groups: Int) {
    let own = weights.dimensions[3]
    var rest = weights.values(as: Int16.self)
    let takePart = { () -> [Int8] in
      let part = rest.map { Int8(clamping: $0) }
      for index in rest.indices { rest[index] -= Int16(part[index]) }
      return part
    }
    var parts = [(values: takePart(), channels: Array(0..<own))]
    while rest.contains(where: { $0 != 0 }) {
      let channels = Self.channels(of: rest, own, groups)
      parts.append((takePart(), channels))
    }
    var narrow: [Int8] = []
    narrow.reserveCapacity(rest.count / max(own, 1) * parts.reduce(0) { $0 + $1.channels.count })
    for start in stride(from: 0, to: rest.count, by: max(own, 1)) {
      for part in parts { narrow += part.channels.map { part.values[start + $0] } }
    }
    repeated = parts.dropFirst().flatMap(\.channels)
    values = HostTensor(narrow, dimensions: Array(weights.dimensions.dropLast()) + [own + repeated.count])
    self.groups = groups
  }

  /// The channels of a group for which something is left to multiply.
  private static func channels(of rest: [Int16], _ own: Int, _ groups: Int) -> [Int] {
    var isNeeded = [Bool](repeating: groups > 1, count: own)
    for index in rest.indices where rest[index] != 0 { isNeeded[index % own] = true }
    let needed = isNeeded.indices.filter { isNeeded[$0] }
    return IndexRun.runs(of: needed).count <= mostRuns ? needed : Array(0..<own)
  }

  /// The dimensions of the input with its repeated channels.
  func image(_ image: [Int]) -> [Int] { Array(image.dropLast()) + [image[3] + groups * repeated.count] }

  /// Emits the copies that make it.
  /// - Parameter image: the input's dimensions, `[N,H,W,C]`.
  func widened(_ input: TensorIndex, image: [Int], into lowering: inout Lowering) -> TensorIndex {
    let target = self.image(image)
    let (pixels, own, wide) = (image[0] * image[1] * image[2], image[3] / groups, target[3] / groups)
    let result = lowering.addTensor(like: input, dimensions: target)
    let copy = { (first: Int, step: Int, count: Int, place: Int, lowering: inout Lowering) in
      lowering.emitMove([pixels, groups, count], from: input, [image[3], own, step], offset: first, to: result, [target[3], wide, 1], offset: place)
    }
    copy(0, 1, own, 0, &lowering)
    for run in IndexRun.runs(of: repeated) { copy(run.first, run.step, run.count, own + run.position, &lowering) }
    return result
  }
}
