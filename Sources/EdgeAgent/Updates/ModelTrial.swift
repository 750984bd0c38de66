import CPUExecution
import Glibc
import Inference
import ModelManifest
import Pipelines
import Updates

/// The test that a package passes before it replaces another: it runs, gives its golden outputs, and isn't too slow.
struct ModelTrial {
  /// Why a package isn't run.
  struct Finding: Error, Equatable {
    let code: String
    let reason: String
  }

  /// Runs for each package, in turn, so that what else the machine does weighs on both alike.
  private static let roundCount = 7
  /// Below it differences are noise.
  private static let shortest = Duration.microseconds(200)

  /// Most that the new package's run may take, in runs of the old one.
  let slowdownLimit: Double
  /// Called between runs, each of which may take seconds on a small machine.
  var onStep: () -> Void = {}

  /// - Parameters:
  ///   - name: what configurations call the model.
  ///   - old: the package that runs now; without one there is nothing to compare times with.
  func test(_ new: ModelPackage, as name: String, replacing old: ModelPackage?) throws(Finding) {
    let manifest = new.manifest
    guard manifest.name == name else {
      throw Finding(code: "wrong name", reason: "the package is of the model ‘\(manifest.name)’, not of ‘\(name)’: release it under its own name")
    }
    if let old, old.manifest.task != manifest.task {
      throw Finding(code: "wrong task", reason: "the package is for \(manifest.task.rawValue), and the one that runs for \(old.manifest.task.rawValue)")
    }
    let session = try session(new)
    onStep()
    try checkGolden(manifest, session)
    guard let old, old.manifest.states == nil, manifest.states == nil, let running = try? self.session(old) else { return }
    let (before, after) = try times(running, old.manifest, session, manifest)
    guard before < Self.shortest && after < Self.shortest || after <= before * slowdownLimit else {
      throw Finding(
        code: "too slow",
        reason: "a run takes \(milliseconds(after)) ms, and \(milliseconds(before)) ms before; at most \(slowdownLimit) times as long is allowed")
    }
  }

  private func session(_ package: ModelPackage) throws(Finding) -> Session<CPUBackend> {
    do throws(InferenceError) {
      return try unsafe Session(program: package.program, weights: package.weights, owner: package, options: CPUOptions(threads: 1))
    } catch { throw Finding(code: "doesn't run", reason: error.message) }
  }

  private func checkGolden(_ manifest: Manifest, _ session: Session<CPUBackend>) throws(Finding) {
    do throws(InferenceError) {
      let outputs = try session.rehearse(seed: manifest.golden?.seed ?? 1, range: manifest.rehearsalRange)
      let names = session.program.outputs.map(\.name)
      for (name, output) in zip(names, outputs) where output.floats().contains(where: \.isNaN) {
        throw InferenceError(.shapeMismatch, "output ‘\(name)’ has values that are no numbers")
      }
      guard let difference = manifest.golden?.difference(from: outputs, names: names) else { return }
      throw InferenceError(.shapeMismatch, difference)
    } catch { throw Finding(code: "wrong golden outputs", reason: "\(error.message): this machine computes something else than the package promises") }
  }

  /// Medians.
  private func times(
    _ old: Session<CPUBackend>, _ oldManifest: Manifest, _ new: Session<CPUBackend>, _ newManifest: Manifest
  ) throws(Finding) -> (Duration, Duration) {
    var (before, after): ([Duration], [Duration]) = ([], [])
    do throws(InferenceError) {
      for _ in 0..<Self.roundCount {
        onStep()
        before.append(try time(old, oldManifest))
        onStep()
        after.append(try time(new, newManifest))
      }
    } catch { throw Finding(code: "doesn't run", reason: error.message) }
    return (before.sorted()[Self.roundCount / 2], after.sorted()[Self.roundCount / 2])
  }

  /// Of the run alone, as the inputs are there from the rehearsal; in processor time, as the machine has other things to do.
  private func time(_ session: Session<CPUBackend>, _ manifest: Manifest) throws(InferenceError) -> Duration {
    _ = try session.rehearse(seed: 1, range: manifest.rehearsalRange)
    let begin = threadTime()
    session.run()
    return threadTime() - begin
  }

  private func milliseconds(_ duration: Duration) -> Double { (duration / .microseconds(1)).rounded() / 1000 }
}

/// Processor time that the calling thread has had.
private func threadTime() -> Duration {
  var time = timespec()
  unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
