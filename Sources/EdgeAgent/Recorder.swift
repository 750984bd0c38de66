import Pipelines
import Supervision

/// Takes results in order and records each, on a thread of its own: committing to disk waits.
final class Recorder<Element: Sendable>: Service {
  let name: String
  private let results: BoundedQueue<Element>
  private let progress: StageProgress
  private let record: @Sendable (Element) throws -> Void

  init(_ name: String, of results: BoundedQueue<Element>, progress: StageProgress, record: @escaping @Sendable (Element) throws -> Void) {
    self.name = name
    self.results = results
    self.progress = progress
    self.record = record
  }

  /// Returns when the queue is closed and empty.
  func run() async throws {
    let outcome: Result<Void, any Error> = await withCheckedContinuation { continuation in
      do throws(PipelinesError) {
        _ = try DataPlaneThread(name: "record") { continuation.resume(returning: Result { try self.recordAll() }) }
      } catch {
        continuation.resume(returning: .failure(EdgeAgentError(.resources, error.message)))
      }
    }
    try outcome.get()
  }

  private func recordAll() throws {
    defer { progress.wait() }
    while let result = results.pop() {
      progress.work()
      try record(result)
      progress.wait()
    }
  }
}
