import Pipelines

/// The last frames of each pipeline in which something was found, for those who look. Written by the recorder's thread.
final class RecentDetections: @unchecked Sendable {
  struct Finding: Sendable, Equatable {
    struct Item: Sendable, Equatable {
      var label: String
      var score: Double
    }

    var capturedAt: WallTime
    var frameNumber: UInt64
    /// Best first, the best ones only.
    var items: [Item]
    /// All that were found.
    var count: Int
  }

  private static let frames = 5
  private static let items = 8

  private let mutex = PthreadMutex()
  private var findings: [String: [Finding]] = [:]

  func note(_ result: FrameResult) {
    guard !result.detections.isEmpty else { return }
    let items = result.detections.prefix(Self.items).map { Finding.Item(label: result.pipeline.label($0.label), score: Double($0.score)) }
    let finding = Finding(capturedAt: result.capturedAt, frameNumber: result.frameNumber, items: items, count: result.detections.count)
    mutex.withLock {
      var known = findings[result.pipeline.name] ?? []
      known.insert(finding, at: 0)
      if known.count > Self.frames { known.removeLast() }
      findings[result.pipeline.name] = known
    }
  }

  func findings(of pipeline: String) -> [Finding] { mutex.withLock { findings[pipeline] ?? [] } }
}
