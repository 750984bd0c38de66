public import ModelManifest

/// A box that is truly there.
public struct LabelledBox: Equatable, Sendable {
  /// Index into the manifest's labels.
  public var label: Int
  /// Pixels of the image.
  public var box: Box

  public init(label: Int, box: Box) {
    self.label = label
    self.box = box
  }
}

/// How well boxes are found, over a data set: average precision after COCO (Lin et al. 2014, `pycocotools`), without crowds and
/// areas, and without COCO's limit of 100 detections a class and image: every box counts.
///
/// In each image and class, detections take boxes greedily, best score first, each the free box that it overlaps most. Precision
/// is made falling, read at the recalls 0, 0.01 … 1, and averaged; then averaged over the classes that occur in the data set.
public struct DetectionAccuracy {
  /// How detections are thinned before they are scored: every box above 0.01, class-wise suppression at 0.6, no limit in practice.
  public static let suppression = Suppression(
    scoreThreshold: 0.01, overlapThreshold: 0.6, isClassWise: true, limit: DetectionDecoder.maximumCandidateCount)

  /// Overlaps from which a box counts as found: 0.5, 0.55 … 0.95.
  public static let overlapThresholds = (0..<10).map { 0.5 + Double($0) * ((0.95 - 0.5) / 9) }

  /// A detection, and whether it found a box at each overlap threshold (bit `i`).
  private struct Verdict {
    var score: Float
    var found: UInt16
    var image: Int
  }

  private var verdicts: [Int: [Verdict]] = [:]
  /// By label, the image of each box.
  private var truths: [Int: [Int]] = [:]
  public private(set) var imageCount = 0

  public init() {}

  /// Scores one image.
  public mutating func add(_ detections: [Detection], truth: [LabelledBox]) {
    let image = imageCount
    imageCount += 1
    for box in truth { truths[box.label, default: []].append(image) }
    for label in Set(detections.map(\.label)).sorted() {
      let found = detections.filter { $0.label == label }.stablySorted { $0.score > $1.score }
      let boxes = truth.filter { $0.label == label }.map(\.box)
      var bits = [UInt16](repeating: 0, count: found.count)
      let overlaps = found.map { detection in boxes.map { detection.box.exactOverlap($0) } }
      for (index, threshold) in Self.overlapThresholds.enumerated() {
        for (detection, isMatch) in greedyMatches(overlaps, boxCount: boxes.count, threshold: threshold).enumerated() where isMatch {
          bits[detection] |= 1 << UInt16(index)
        }
      }
      verdicts[label, default: []] += zip(found, bits).map { Verdict(score: $0.score, found: $1, image: image) }
    }
  }

  /// Mean average precision at an overlap of 0.5; 0 where no box was to be found.
  public var meanAveragePrecision50: Double { mean(of: presentLabels.map { averagePrecision(label: $0, thresholdIndex: 0) }) }

  /// Mean average precision over the overlaps 0.5, 0.55 … 0.95.
  public var meanAveragePrecision50To95: Double {
    mean(of: presentLabels.map { label in mean(of: Self.overlapThresholds.indices.map { averagePrecision(label: label, thresholdIndex: $0) }) })
  }

  /// Labels that occur in the data set, ascending.
  public var presentLabels: [Int] { truths.keys.sorted() }

  /// Average precision of one class at an overlap of 0.5, or nil where it doesn't occur.
  public func averagePrecision50(label: Int) -> Double? {
    truths[label] == nil ? nil : averagePrecision(label: label, thresholdIndex: 0)
  }

  /// What of the detections that score at least `threshold` is right, at an overlap of 0.5.
  public func counts(threshold: Float) -> DetectionCounts {
    var counts = DetectionCounts()
    for list in verdicts.values {
      for verdict in list where verdict.score >= threshold {
        if verdict.found & 1 != 0 { counts.truePositives += 1 } else { counts.falsePositives += 1 }
      }
    }
    counts.falseNegatives = truths.values.reduce(0) { $0 + $1.count } - counts.truePositives
    return counts
  }

  private func averagePrecision(label: Int, thresholdIndex: Int) -> Double {
    let ordered = (verdicts[label] ?? []).stablySorted { $0.score > $1.score }
    return Self.averagePrecision(ordered, truthCount: truths[label]?.count ?? 0, thresholdIndex: thresholdIndex) { _ in 1 }
  }

  /// - Parameters:
  ///   - ordered: best score first.
  ///   - weight: how often an image counts.
  private static func averagePrecision(_ ordered: [Verdict], truthCount: Int, thresholdIndex: Int, weight: (Int) -> Int) -> Double {
    guard truthCount > 0, !ordered.isEmpty else { return 0 }
    var recalls: [Double] = []
    var precisions: [Double] = []
    var (hits, count) = (0, 0)
    for verdict in ordered {
      let times = weight(verdict.image)
      guard times > 0 else { continue }
      count += times
      if verdict.found & 1 << UInt16(thresholdIndex) != 0 { hits += times }
      recalls.append(Double(hits) / Double(truthCount))
      precisions.append(Double(hits) / Double(count))
    }
    for index in precisions.indices.dropLast().reversed() { precisions[index] = max(precisions[index], precisions[index + 1]) }
    var sum = 0.0
    var at = 0
    for step in 0...100 {
      let recall = step == 100 ? 1 : Double(step) * 0.01
      while at < recalls.count, recalls[at] < recall { at += 1 }
      guard at < recalls.count else { break }
      sum += precisions[at]
    }
    return sum / 101
  }

  /// The mean average precision at an overlap of 0.5, as a function of how often each image counts.
  public func resampled() -> (_ weights: [Int]) -> Double {
    let classes = presentLabels.map { (verdicts: (verdicts[$0] ?? []).stablySorted { $0.score > $1.score }, truths: truths[$0] ?? []) }
    return { weights in
      var precisions: [Double] = []
      for part in classes {
        let count = part.truths.reduce(0) { $0 + weights[$1] }
        // A class that no drawn image shows has no precision.
        if count > 0 { precisions.append(Self.averagePrecision(part.verdicts, truthCount: count, thresholdIndex: 0) { weights[$0] }) }
      }
      return precisions.isEmpty ? 0 : precisions.reduce(0, +) / Double(precisions.count)
    }
  }

  private func mean(of values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }
}

/// Detections counted against the truth.
public struct DetectionCounts: Equatable, Sendable {
  public var truePositives = 0
  public var falsePositives = 0
  /// Boxes that nothing found.
  public var falseNegatives = 0

  public init() {}

  /// Right ones among the detections; 1 where there are none.
  public var precision: Double {
    truePositives + falsePositives == 0 ? 1 : Double(truePositives) / Double(truePositives + falsePositives)
  }

  /// Found ones among the boxes; 1 where there are none.
  public var recall: Double {
    truePositives + falseNegatives == 0 ? 1 : Double(truePositives) / Double(truePositives + falseNegatives)
  }

  /// Counts one image: detections in order of score, each taking the free box of its label that it overlaps most, at least by
  /// `overlap`. For running tallies that keep no list.
  public mutating func add(_ detections: [Detection], truth: [LabelledBox], overlap: Double = 0.5) {
    var found = 0
    for label in Set(detections.map(\.label)) {
      let ordered = detections.filter { $0.label == label }.stablySorted { $0.score > $1.score }
      let boxes = truth.filter { $0.label == label }.map(\.box)
      let overlaps = ordered.map { detection in boxes.map { detection.box.exactOverlap($0) } }
      found += greedyMatches(overlaps, boxCount: boxes.count, threshold: overlap).count(where: \.self)
    }
    truePositives += found
    falsePositives += detections.count - found
    falseNegatives += truth.count - found
  }
}

/// For each detection, best first, whether it takes a box: the free one of most overlap (the last of equals), at least `threshold`.
private func greedyMatches(_ overlaps: [[Double]], boxCount: Int, threshold: Double) -> [Bool] {
  var isTaken = [Bool](repeating: false, count: boxCount)
  return overlaps.map { row in
    var best = min(threshold, 1 - 1e-10)
    var match: Int?
    for box in 0..<boxCount where !isTaken[box] && row[box] >= best {
      best = row[box]
      match = box
    }
    if let match { isTaken[match] = true }
    return match != nil
  }
}

extension Box {
  /// Intersection over union in double precision.
  fileprivate func exactOverlap(_ other: Box) -> Double {
    let width = min(Double(x) + Double(self.width), Double(other.x) + Double(other.width)) - max(Double(x), Double(other.x))
    let height = min(Double(y) + Double(self.height), Double(other.y) + Double(other.height)) - max(Double(y), Double(other.y))
    guard width > 0, height > 0 else { return 0 }
    let common = width * height
    return common / (Double(self.width) * Double(self.height) + Double(other.width) * Double(other.height) - common)
  }
}

extension Array {
  /// Sorted, equal elements in their old order (which the standard library's sort does today but doesn't promise).
  fileprivate func stablySorted(by areInOrder: (Element, Element) -> Bool) -> [Element] {
    enumerated().sorted { first, second in
      if areInOrder(first.element, second.element) { return true }
      if areInOrder(second.element, first.element) { return false }
      return first.offset < second.offset
    }.map(\.element)
  }
}
