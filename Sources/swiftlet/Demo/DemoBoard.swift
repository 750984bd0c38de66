import Capture
import EdgeAgent
import Pipelines

/// Collects what the recorder's thread sees and hands it to whoever shows it.
final class DemoBoard: @unchecked Sendable {
  /// What the results so far say.
  struct Contents {
    var score = DemoScore()
    var onTheLine: [String] = []
    var found: [String] = []
  }

  private let mutex = PthreadMutex()
  private var contents = Contents()

  var current: Contents { mutex.withLock { contents } }

  /// On the recorder's thread.
  func add(_ result: FrameResult) {
    let truth = result.groundTruth ?? []
    mutex.withLock {
      contents.score.add(result.detections, truth: truth, label: result.pipeline.label)
      contents.onTheLine = Self.parts(truth)
      contents.found = result.detections.map { "\(result.pipeline.label($0.label)) \(DemoTable.decimal(Double($0.score), 2))" }
    }
  }

  /// `part 12: scratch, stain`, in the order of their numbers.
  private static func parts(_ truth: [GroundTruthBox]) -> [String] {
    let visible = truth.filter { $0.visibility >= DemoScore.leastVisibility }
    let numbers = Set(visible.map(\.part)).sorted()
    return numbers.map { number in
      let defects = visible.filter { $0.part == number && $0.classIndex != nil }.map(\.label)
      return "part \(number): \(defects.isEmpty ? "good" : defects.joined(separator: ", "))"
    }
  }
}
