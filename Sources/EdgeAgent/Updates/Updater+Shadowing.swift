import ModelManifest
import Pipelines
import Updates

extension Updater {
  /// Longest wait for frames, where the time of a trial is longer.
  private static let longestShadow = Duration.seconds(600)
  private static let shadowReportInterval = Duration.seconds(5)

  /// Lets a tested package look at live frames beside the running one, where the settings want that.
  ///
  /// - Returns: why it wasn't compared though it should have been; nil otherwise.
  /// - Throws: where it finds too much else.
  func shadow(
    _ package: ModelPackage, _ version: UpdateJournal.Version, _ name: String, _ store: inout PackageStore
  ) throws(ModelTrial.Finding) -> String? {
    guard let wish = settings.shadow else { return nil }
    let run: ShadowRun?
    do throws(EdgeAgentError) {
      run = try host.beginShadow(package, of: name, frameCount: wish.frameCount) { [weak self] in self?.condition.broadcast() }
    } catch {
      throw ModelTrial.Finding(code: "unusable", reason: error.message)
    }
    guard let run else { return nil }
    defer {
      host.endShadow(of: name)
      run.end()
    }
    candidates[name] = ModelsMessage.Candidate(version: version, stage: .shadowing, frameCount: wish.frameCount)
    report()
    wait(for: run, wish, name, &store)
    return try judge(run.tally, wish, name, version)
  }

  /// Returns when it has seen enough, or enough time has passed.
  private func wait(for run: ShadowRun, _ wish: ShadowSettings, _ name: String, _ store: inout PackageStore) {
    let limit = MonotonicClock.now().advanced(by: min(settings.watchTime, Self.longestShadow))
    var active = store.active?.digest
    while mayGoOn, MonotonicClock.now() < limit {
      let tally = run.tally
      guard tally.frames < wish.frameCount, tally.faults == 0, tally.nonFiniteFrames == 0 else { return }
      pause(until: min(limit, MonotonicClock.now().advanced(by: .seconds(1))))
      carryOutOrders(holding: name, &store)
      if store.active?.digest != active {
        active = store.active?.digest
        run.beginAnew()
      }
      watchTrials(except: name)
      candidates[name]?.frames = run.tally.frames
      reportProgress(every: Self.shadowReportInterval)
    }
  }

  private func judge(
    _ tally: ShadowRun.Tally, _ wish: ShadowSettings, _ name: String, _ version: UpdateJournal.Version
  ) throws(ModelTrial.Finding) -> String? {
    if tally.faults > 0 || tally.nonFiniteFrames > 0 {
      throw ModelTrial.Finding(
        code: "wrong results", reason: "on live frames it asked for elements outside its own tensors, or gave what is no number")
    }
    guard tally.frames >= min(wish.frameCount, Int(ModelUsage.enoughFrames)) else {
      let remark = "not compared with the version before: only \(tally.frames) frames came"
      if mayGoOn { log.warning("updates: \(name) \(version.version): \(remark)", about: .model(name)) }
      return remark
    }
    let agreement = tally.meanAgreement
    guard agreement >= wish.agreement else {
      throw ModelTrial.Finding(
        code: "differs",
        reason: "over \(tally.frames) frames it agrees with the version that runs by \(rounded(agreement)), and \(rounded(wish.agreement)) is asked for")
    }
    log.notice(
      "updates: \(name) \(version.version) agrees by \(rounded(agreement)) with the version that runs, over \(tally.frames) frames",
      about: .model(name))
    return nil
  }

  private func rounded(_ share: Double) -> Double { (share * 1000).rounded(.down) / 1000 }
}
