public import ModelManifest

/// How differently two models see one image.
public enum Disagreement {
  /// 0 where both say the same, 1 where they have nothing in common: of what either finds, the share that the other doesn't, each
  /// counted by its score, and what is left of it where both have it in another place or with another score.
  /// - Parameters: detections of one image above one threshold, best first; for a classification the ranking, of which the first counts.
  public static func between(_ one: [Detection], _ other: [Detection], task: Manifest.Task) -> Double {
    guard task == .detection else {
      guard let a = one.first, let b = other.first else { return one.isEmpty == other.isEmpty ? 0 : 1 }
      return a.label == b.label ? min(Double((a.score - b.score).magnitude), 1) : 1
    }
    let total = (one + other).reduce(0) { $0 + Double($1.score) }
    guard total > 0 else { return 0 }
    var taken = Set<Int>()
    var common = 0.0
    for detection in one {
      let choices = other.indices.filter { !taken.contains($0) && other[$0].label == detection.label }
      guard let best = choices.max(by: { detection.box.intersectionOverUnion(other[$0].box) < detection.box.intersectionOverUnion(other[$1].box) }) else {
        continue
      }
      let overlap = Double(detection.box.intersectionOverUnion(other[best].box))
      guard overlap >= 0.5 else { continue }
      taken.insert(best)
      common += 2 * Double(min(detection.score, other[best].score)) * overlap
    }
    return max(0, 1 - common / total)
  }
}
