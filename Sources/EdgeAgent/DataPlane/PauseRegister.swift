import Pipelines
import Updates

/// Who has paused which pipelines.
struct Pauses: Equatable, Sendable {
  var byFleet: Set<String> = []
  var byVoice: Set<String> = []

  subscript(origin: PauseOrigin) -> Set<String> {
    get { origin == .fleet ? byFleet : byVoice }
    set { if origin == .fleet { byFleet = newValue } else { byVoice = newValue } }
  }
}

/// The pauses of an agent, as the files in its storage say. Orders of the fleet and spoken ones come on threads of their own, and to a configuration that
/// another one is about to follow: here they take their turns, each until what it changed is on the disk and applied.
///
/// All of it waits for the disk, holding no mutex meanwhile. No thread that sees or hears comes here.
final class PauseRegister: @unchecked Sendable {
  private let mutex = PthreadMutex()
  private let freed = PthreadCondition()
  // Under the mutex.
  private var isTaken = false
  // Of whoever has his turn.
  private var storage: String?
  private var known = Pauses()

  /// Looks what the files say. Of one that can't be read it takes what was known before.
  ///
  /// - Parameter apply: told what is paused, before anybody changes it.
  /// - Returns: why a file can't be read.
  func look(in storage: StorageSettings, _ apply: (Pauses) -> Void) -> [String] {
    inTurn {
      let problems = renew(storage)
      apply(known)
      return problems
    }
  }

  /// Notes that pipelines are paused, or not any more.
  ///
  /// - Parameters:
  ///   - origins: in whose name.
  ///   - apply: told what is paused now; also where this throws, which may leave the change made in part.
  /// - Returns: what was paused before.
  func set(
    _ names: [String], paused: Bool, by origins: [PauseOrigin], in storage: StorageSettings, _ apply: (Pauses) -> Void
  ) throws(UpdatesError) -> Pauses {
    let (before, failure) = inTurn { () -> (Pauses, UpdatesError?) in
      _ = renew(storage)
      let before = known
      var failure: UpdatesError?
      for origin in origins {
        var file = PausedPipelines(storage, by: origin)
        do throws(UpdatesError) { try file.set(names, paused: paused) } catch { failure = failure ?? error }
      }
      _ = renew(storage)
      apply(known)
      return (before, failure)
    }
    if let failure { throw failure }
    return before
  }

  private func renew(_ storage: StorageSettings) -> [String] {
    if self.storage != storage.path { (self.storage, known) = (storage.path, Pauses()) }
    var problems: [String] = []
    for origin in PauseOrigin.allCases {
      let file = PausedPipelines(storage, by: origin)
      if let problem = file.problem { problems.append(problem) } else { known[origin] = file.names }
    }
    return problems
  }

  private func inTurn<Result>(_ work: () -> Result) -> Result {
    mutex.withLock {
      while isTaken { freed.wait(with: mutex) }
      isTaken = true
    }
    defer {
      mutex.withLock { isTaken = false }
      freed.signal()
    }
    return work()
  }
}
