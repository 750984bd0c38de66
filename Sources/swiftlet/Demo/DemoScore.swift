import Capture
import ObjectDetection

/// Compares what was found with what was truly on the line, frame by frame.
struct DemoScore: Equatable {
  /// Least intersection over union of a found box and a true one of the same class.
  static let leastOverlap: Float = 0.5
  /// A defect counts when at least this share of it is in the frame; one that shows less may be found or not.
  static let leastVisibility = ConveyorScene.labelledVisibility

  /// Found boxes that match a defect, found boxes that don't, and defects that nothing matches.
  private(set) var hits = 0
  private(set) var falseAlarms = 0
  private(set) var misses = 0
  /// Parts seen, by their numbers; those with a defect; and of these the ones of which at least one defect was found.
  private(set) var parts: Set<Int> = []
  private(set) var defectiveParts: Set<Int> = []
  private(set) var caughtParts: Set<Int> = []

  var precision: Double? { hits + falseAlarms > 0 ? Double(hits) / Double(hits + falseAlarms) : nil }
  var recall: Double? { hits + misses > 0 ? Double(hits) / Double(hits + misses) : nil }
  var partRecall: Double? { defectiveParts.isEmpty ? nil : Double(caughtParts.count) / Double(defectiveParts.count) }

  /// - Parameters:
  ///   - detections: best first.
  ///   - label: the name of a detection's class.
  mutating func add(_ detections: [Detection], truth: [GroundTruthBox], label: (Int) -> String) {
    for box in truth where box.visibility >= Self.leastVisibility { parts.insert(box.part) }
    let defects = truth.filter { $0.classIndex != nil }
    for defect in defects where defect.visibility >= Self.leastVisibility { defectiveParts.insert(defect.part) }
    var isTaken = [Bool](repeating: false, count: defects.count)
    for detection in detections {
      let name = label(detection.label)
      var best: (index: Int, overlap: Float)?
      for (index, defect) in defects.enumerated() where !isTaken[index] && defect.label == name {
        let overlap = detection.box.intersectionOverUnion(Box(x: defect.x, y: defect.y, width: defect.width, height: defect.height))
        if overlap >= max(Self.leastOverlap, best?.overlap ?? 0) { best = (index, overlap) }
      }
      guard let best else {
        falseAlarms += 1
        continue
      }
      isTaken[best.index] = true
      if defects[best.index].visibility >= Self.leastVisibility {
        hits += 1
        caughtParts.insert(defects[best.index].part)
      }
    }
    for (index, defect) in defects.enumerated() where !isTaken[index] && defect.visibility >= Self.leastVisibility { misses += 1 }
  }
}
