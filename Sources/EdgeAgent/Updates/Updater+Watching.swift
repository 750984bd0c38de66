import JSONReading
import ModelManifest
import Pipelines
import Updates

/// A version that runs, and hasn't proved itself yet.
struct RunningTrial {
  let version: UpdateJournal.Version
  /// What a run took before, on average; nil where it isn't known.
  let before: Duration?
  /// Whether that was on a device; nil where it isn't known.
  var wasOfDevice: Bool?
  /// What there is to say about it though it is good.
  var remark: String?
  /// How long it was watched before the agent last started.
  var earlier = Duration.zero
  /// When it was switched to, or the agent started.
  var begin = MonotonicClock.now()
  /// When its first frames after that were seen.
  var since: MonotonicInstant?
  /// When the journal was last told how long it has been watched.
  var noted = MonotonicClock.now()

  /// A pause proves nothing: the time goes on with the frames.
  mutating func rest() { (earlier, since) = (watched, nil) }

  /// Whether how long it takes says something about it: where both ran on the same, or it is its own doing that it doesn't run on a device as the one
  /// before did.
  func isComparable(_ usage: ModelUsage) -> Bool {
    // What ran on both is no measure of either.
    if usage.isOfDevice { return usage.deviceTrouble == nil && wasOfDevice == true }
    return wasOfDevice == true ? usage.isKeptOffDevice : wasOfDevice == false || usage.deviceTrouble == nil
  }

  /// What there is to say where it wasn't compared.
  func uncompared(_ usage: ModelUsage) -> String? {
    guard before != nil, !isComparable(usage) else { return nil }
    let change = "the one before ran \(wasOfDevice == true ? "on the device" : "on the processor"), and this one elsewhere"
    return "its time wasn't compared: \(usage.deviceTrouble ?? change)"
  }

  var watched: Duration { earlier + (since.map { $0.duration(to: MonotonicClock.now()) } ?? .zero) }
}

extension Updater {
  /// After a restart within a trial.
  func resumeTrials() {
    for name in names {
      guard let watch = journal.watch(of: name, in: modelsFolder) else { continue }
      journal[name].watch?.isRunning = true
      journal[name].watch?.boot = bootIdentifier()
      try? journal.save()
      trials[name] = RunningTrial(
        version: watch.version, before: watch.before.map { .microseconds($0) }, wasOfDevice: watch.wasOfDevice, earlier: .seconds(watch.watched))
      candidates[name] = ModelsMessage.Candidate(version: watch.version, stage: .watching)
    }
  }

  /// An end in order is no crash.
  func endTrialsInOrder() {
    for (name, trial) in trials {
      journal[name].watch?.isRunning = false
      journal[name].watch?.watched = Int(trial.watched / .seconds(1))
    }
    if !trials.isEmpty { try? journal.save() }
  }

  /// - Parameter except: the model whose store is in use at the moment.
  func watchTrials(except busy: String? = nil) {
    for (name, trial) in trials where name != busy {
      let usage = host.usage(of: name)
      if let reason = fault(usage, trial) {
        trials[name] = nil
        goBack(name, trial.version, code: reason.code, reason: reason.text)
        continue
      }
      if usage.isPaused, usage.frames > 0 {
        trials[name]?.rest()
        continue
      }
      guard trial.since != nil else {
        if usage.frames > 0 { trials[name]?.since = MonotonicClock.now() } else if isUnseen(trial), postponed.remove(name) != nil { look() }
        continue
      }
      if trial.watched >= settings.watchTime {
        trials[name] = nil
        let remarks = [trial.remark, trial.uncompared(usage)].compactMap { $0 }
        conclude(.installed, trial.version, name, reason: remarks.isEmpty ? nil : remarks.joined(separator: "; "))
      } else {
        note(trial, name)
      }
    }
  }

  /// Whether its time has passed on the clock without a frame since the agent started: a camera that is away shall not hold up the next
  /// version.
  func isUnseen(_ trial: RunningTrial) -> Bool {
    trial.since == nil && trial.begin.duration(to: MonotonicClock.now()) >= settings.watchTime
  }

  /// Lets the journal know how long it has been watched, but not so often that it wears the flash.
  private func note(_ trial: RunningTrial, _ name: String) {
    guard trial.noted.duration(to: MonotonicClock.now()) >= Self.noteInterval else { return }
    trials[name]?.noted = MonotonicClock.now()
    journal[name].watch?.watched = Int(trial.watched / .seconds(1))
    try? journal.save()
  }

  private static let noteInterval = Duration.seconds(60)

  private func fault(_ usage: ModelUsage, _ trial: RunningTrial) -> (code: String, text: String)? {
    if usage.faults > 0 { return ("wrong results", "the model asked \(usage.faults) times for elements outside its own tensors") }
    if usage.nonFiniteFrames > 0 { return ("wrong results", "of \(usage.frames) frames \(usage.nonFiniteFrames) gave infinities or what is no number") }
    guard trial.isComparable(usage), let before = trial.before, let now = usage.meanInference, now > before * settings.slowdownLimit, now > .microseconds(200)
    else { return nil }
    let (was, takes) = ((before / .microseconds(1)).rounded() / 1000, (now / .microseconds(1)).rounded() / 1000)
    return ("too slow", "a run takes \(takes) ms on the line, and \(was) ms before")
  }

  private func goBack(_ name: String, _ version: UpdateJournal.Version, code: String, reason: String) {
    do throws(UpdatesError) {
      var store = try PackageStore(models: modelsFolder, name: name)
      guard store.active?.digest.hex == version.digest else { return }
      _ = goBack(name, version, code: code, reason: reason, &store)
    } catch { noteFailedReturn(name, version, reason, error) }
  }

  /// The version before runs again, and this one, the active one, is never tried again here.
  ///
  /// - Returns: what went wrong, or nil.
  func goBack(_ name: String, _ version: UpdateJournal.Version, code: String, reason: String, _ store: inout PackageStore) -> String? {
    journal.intend(version, name, code: code, reason: reason, log)
    do throws(UpdatesError) { try store.giveWay() } catch {
      noteFailedReturn(name, version, reason, error)
      return error.message
    }
    if trials[name]?.version == version { trials[name] = nil }
    var failure: String?
    do {
      if let path = PipelineSettings.ModelSource.named(name, folder: modelsFolder).path {
        // It may be one that was put there by hand, and over which somebody copies.
        let package = try ModelPackage(copying: path, to: storage.path, leaving: storage.reserve)
        host.commit(try host.prepare(package, as: name) { [self] in working() })
      }
    } catch {
      failure = "the version of \(name) before can't be run until the agent starts anew: \(error)"
      log.error("updates: \(failure ?? "")")
    }
    conclude(.rolledBack, version, name, code: code, reason: reason)
    return failure
  }

  private func noteFailedReturn(_ name: String, _ version: UpdateJournal.Version, _ reason: String, _ error: UpdatesError) {
    conclude(.failed, version, name, code: error.code.rawValue, reason: "\(reason); and going back failed: \(error.message)")
  }
}

/// What an agent does about versions on trial before it opens any model.
enum CrashLoop {
  /// So many starts without an orderly end, and the version before runs again.
  static let limit = 2

  /// Ends returns that power was cut in the middle of; counts a start for each version on trial, and goes back where the last ones ended in
  /// crashes.
  ///
  /// - Parameter isDeviceSuspected: whether the last end may be a device's doing: it isn't counted then.
  static func check(names: [String], storage: StorageSettings, isDeviceSuspected: Bool = false, log: AgentLog) {
    var journal = UpdateJournal(path: UpdateJournal.path(in: storage.updatesFolder))
    let old = journal
    for name in names {
      if let intent = journal[name].intent { finish(intent, name, &journal, storage: storage, log: log) }
      guard var watch = journal.watch(of: name, in: storage.modelsFolder) else { continue }
      let boot = bootIdentifier()
      // Power cuts end an agent, too, and say nothing about a model.
      if watch.isRunning, watch.boot == boot, !isDeviceSuspected { watch.crashes += 1 }
      (watch.isRunning, watch.boot) = (true, boot)
      journal[name].watch = watch
      guard watch.crashes > limit else { continue }
      let reason = "the agent ended \(watch.crashes) times without order since \(name) \(watch.version.version) came"
      journal.intend(watch.version, name, code: "crashes", reason: reason, log)
      if let intent = journal[name].intent { finish(intent, name, &journal, storage: storage, log: log) }
    }
    guard journal != old else { return }
    do throws(UpdatesError) { try journal.save() } catch { log.error("updates: \(error.message)") }
  }

  /// Lets the store give the version up, unless it has, and notes how it ended.
  private static func finish(_ intent: UpdateJournal.Outcome, _ name: String, _ journal: inout UpdateJournal, storage: StorageSettings, log: AgentLog) {
    var outcome = intent
    let text = "updates: \(name) \(intent.version.version): \(intent.reason ?? intent.code ?? "")"
    do throws(UpdatesError) {
      var store = try PackageStore(models: storage.modelsFolder, name: name)
      if store.active?.digest.hex == intent.version.digest { try store.giveWay() }
      log.error("\(text): the version before runs again")
    } catch {
      log.error("\(text), and going back failed: \(error.message)")
      (outcome.kind, outcome.reason) = (.failed, error.message)
    }
    (journal[name].last, journal[name].intent) = (outcome, nil)
    if journal[name].watch?.version == intent.version { journal[name].watch = nil }
  }

  /// The agent couldn't start for a reason that no model has: that is no crash of one.
  static func forgive(names: [String], storage: StorageSettings) {
    var journal = UpdateJournal(path: UpdateJournal.path(in: storage.updatesFolder))
    let old = journal
    for name in names { journal[name].watch?.isRunning = false }
    if journal != old { try? journal.save() }
  }
}

extension UpdateJournal {
  /// Notes that the version is about to be given up, so that its end isn't lost where power is cut.
  fileprivate mutating func intend(_ version: Version, _ name: String, code: String, reason: String, _ log: AgentLog) {
    self[name].intent = Outcome(version: version, kind: .rolledBack, code: code, reason: reason.inOneLine(limit: 400), at: MonotonicClock.wallTime().rfc3339)
    // What is wrong gives way all the same.
    do throws(UpdatesError) { try save() } catch { log.error("updates: \(error.message)") }
  }
}

extension PackageStore {
  /// Back to the previous package, or to none.
  fileprivate mutating func giveWay() throws(UpdatesError) {
    if previous == nil { try giveUpActive() } else { try rollBack() }
  }
}
