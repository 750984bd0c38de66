public import ModelGraph
public import Tensors

/// Keeps the best of boxes that overlap, class by class: int64 `[count, 3]` of batch, class and box, best first in each class.
///
/// How many there are depends on the scores, so that it is evaluated, never compiled: a package's suppression stands in its recipe, behind
/// the boxes and scores that the model gives before this node.
public struct NonMaxSuppression: Operator {
  public static let names = ["NonMaxSuppression"]

  private let hasCentres: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    hasCentres = try description.integer("center_point_box", default: 0) != 0
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let known = inputs.map { $0?.constant }
    guard zip(inputs, known).allSatisfy({ $0 == nil || $1 != nil }) else { throw shapedByBoxes }
    return try evaluate(known).map(\.type)
  }

  private var shapedByBoxes: OperatorError {
    OperatorError(
      .unsupported,
      "gives as many boxes as the scores say; cut the model off before it (its boxes and scores become the outputs) and let the recipe suppress")
  }

  /// Each box meets those that were kept; the types are as dear as the boxes.
  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    guard let scores = inputs.dimensions(1), scores.count == 3 else { return EvaluationCost() }
    return EvaluationCost(stepsOf: scores + [max(scores[2], 32), 2], byteCount: EvaluationCost(stepsOf: scores + [48]).steps)
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let (boxes, scores) = (try inputs.required(0, "boxes"), try inputs.required(1, "scores"))
    guard boxes.dimensions.count == 3, scores.dimensions.count == 3, boxes.dimensions[2] == 4, boxes.dimensions[0] == scores.dimensions[0],
      boxes.dimensions[1] == scores.dimensions[2]
    else { throw OperatorError(.invalid, "boxes \(boxes.dimensions) and scores \(scores.dimensions) don't fit each other") }
    let single = { (position: Int) in position < inputs.count ? inputs[position].flatMap { $0.elementCount > 0 ? $0 : nil } : nil }
    let most = single(2).map { max($0.integers()[0], 0) } ?? 0
    let overlap = single(3).map { $0.doubles()[0] } ?? 0
    let threshold = single(4).map { $0.doubles()[0] } ?? -.infinity
    let takesAll = single(4) == nil
    let count = boxes.dimensions[1]
    let (corners, values) = (corners(boxes.doubles()), scores.doubles())
    var selected: [Int64] = []
    for batch in 0..<scores.dimensions[0] {
      for category in 0..<scores.dimensions[1] {
        let own = values[((batch * scores.dimensions[1] + category) * count)...].prefix(count).map { $0 }
        let candidates = own.indices.filter { takesAll || own[$0] > threshold }.sorted { (own[$0], $1) > (own[$1], $0) }
        var kept: [Int] = []
        for candidate in candidates where kept.count < most {
          let box = corners[batch * count + candidate]
          if !kept.contains(where: { box.overlap(with: corners[batch * count + $0]) > overlap }) { kept.append(candidate) }
        }
        selected += kept.flatMap { [Int64(batch), Int64(category), Int64($0)] }
      }
    }
    return [HostTensor(selected, dimensions: [selected.count / 3, 3])]
  }

  private func corners(_ values: [Double]) -> [Corners] {
    (0..<values.count / 4).map { box in
      let (a, b, c, d) = (values[4 * box], values[4 * box + 1], values[4 * box + 2], values[4 * box + 3])
      return hasCentres
        ? Corners(left: a - c / 2, top: b - d / 2, right: a + c / 2, bottom: b + d / 2)
        : Corners(left: min(b, d), top: min(a, c), right: max(b, d), bottom: max(a, c))
    }
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw shapedByBoxes }
}

private struct Corners {
  var left: Double
  var top: Double
  var right: Double
  var bottom: Double

  var area: Double { (right - left) * (bottom - top) }

  /// Intersection over union; 0 for boxes without area.
  func overlap(with other: Corners) -> Double {
    let (width, height) = (min(right, other.right) - max(left, other.left), min(bottom, other.bottom) - max(top, other.top))
    guard width > 0, height > 0, area > 0, other.area > 0 else { return 0 }
    return width * height / (area + other.area - width * height)
  }
}
