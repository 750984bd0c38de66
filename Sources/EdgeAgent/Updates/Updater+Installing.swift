import Cryptography
import Glibc
import ModelManifest
import Pipelines
import Updates

extension Updater {
  /// Brings one model to the version that is meant for this device.
  ///
  /// - Returns: whether nothing is left to be tried again.
  func follow(_ offer: ReleaseOffer, _ name: String, from source: ReleaseSource) -> Bool {
    guard let choice = offer.choice(of: name, for: group) else { return true }
    let version = UpdateJournal.Version(version: choice.version, release: choice.release, digest: choice.digest.hex)
    // What is on trial isn't to be the one to go back to; what takes its place because it was withdrawn is.
    if let trial = trials[name], choice.release > trial.version.release {
      postponed.insert(name)
      return true
    }
    do throws(UpdatesError) {
      var store = try PackageStore(models: modelsFolder, name: name)
      for finding in store.findings { log.warning("updates: \(finding.message)") }
      if store.active?.digest == choice.digest {
        if journal[name].version(of: choice.digest) != version {
          journal.note(version, of: name)
          try journal.save()
        }
        return true
      }
      guard !store.failed.contains(choice.digest) else { return true }
      try checkFit(choice)
      return try install(choice, version, name, &store, from: source)
    } catch {
      return failed(error, version, name)
    }
  }

  /// - Throws: `.unfit`.
  private func checkFit(_ choice: ReleasedPackage) throws(UpdatesError) {
    if let needed = choice.agent, let own = AgentRelease(agentVersion), own < needed {
      throw UpdatesError(
        .unfit, "\(choice.name) \(choice.version) needs an agent of at least \(needed), and this one is \(agentVersion): update the agent first")
    }
    if let needed = choice.memory, let available = availableMemory(), needed > available {
      throw UpdatesError(.unfit, "\(choice.name) \(choice.version) needs \(needed) bytes of memory, and \(available) are available")
    }
  }

  private func install(
    _ choice: ReleasedPackage, _ version: UpdateJournal.Version, _ name: String, _ store: inout PackageStore, from source: ReleaseSource
  ) throws(UpdatesError) -> Bool {
    defer { if trials[name] == nil { candidates[name] = nil } }
    guard try fetch(choice, version, name, &store, from: source) else { return false }
    candidates[name] = ModelsMessage.Candidate(version: version, stage: .testing)
    report()
    guard let candidate = store.candidate else { throw UpdatesError(.noCandidate, "the package of \(name) \(version.version) isn't there after its download") }
    let prepared: PreparedSwitch
    do throws(ModelTrial.Finding) {
      prepared = try test(candidate.path, name, old: store.active?.path)
    } catch {
      try store.reject(choice.digest)
      conclude(.refused, version, name, code: error.code, reason: error.reason)
      return true
    }
    let before = host.usage(of: name)
    let isFirst = store.active == nil
    journal.note(version, of: name)
    journal[name].watch = UpdateJournal.Watch(version: version)
    try journal.save()
    try store.activate()
    log.notice("updates: \(name) goes over to \(version.version) (release \(version.release))")
    trials[name] = RunningTrial(version: version, before: before.meanInference)
    candidates[name] = ModelsMessage.Candidate(version: version, stage: .watching)
    host.commit(prepared)
    report()
    if isFirst { onFirstInstall() }
    return true
  }

  private func test(_ path: String, _ name: String, old: String?) throws(ModelTrial.Finding) -> PreparedSwitch {
    working()
    let package: ModelPackage
    do throws(ModelPackageError) { package = try ModelPackage(contentsOf: path) } catch {
      throw ModelTrial.Finding(code: "unusable", reason: error.message)
    }
    let running = old.flatMap { try? ModelPackage(contentsOf: $0) }
    try ModelTrial(slowdownLimit: settings.slowdownLimit).test(package, as: name, replacing: running)
    do throws(EdgeAgentError) { return try host.prepare(package, as: name) } catch {
      throw ModelTrial.Finding(code: "unusable", reason: error.message)
    }
  }

  /// - Returns: false where it isn't the hour for downloads, or the agent ends.
  private func fetch(
    _ choice: ReleasedPackage, _ version: UpdateJournal.Version, _ name: String, _ store: inout PackageStore, from source: ReleaseSource
  ) throws(UpdatesError) -> Bool {
    if store.candidate?.digest == choice.digest { return true }
    let isCarried = if case .stick = source { true } else { false }
    guard isCarried || mayDownload else { return false }
    candidates[name] = ModelsMessage.Candidate(version: version, stage: .downloading)
    report()
    let index = try index(of: choice, from: source)
    try store.begin(index)
    let blockCount = Set(index.blocks.map(\.digest)).count
    let isWhole = try source.fill(
      &store, bandwidth: settings.bandwidth, mayGoOn: { [self] in mayGoOn && (isCarried || mayDownload) },
      onProgress: { [self] progress, rate in
        working()
        watchTrials(except: name)
        candidates[name]?.blocks = blockCount - progress.missingBlockCount
        candidates[name]?.blockCount = blockCount
        candidates[name]?.bytesPerSecond = rate
        reportProgress()
      })
    guard isWhole else { return false }
    candidates[name] = ModelsMessage.Candidate(version: version, stage: .verifying)
    try store.finish()
    return true
  }

  private func index(of choice: ReleasedPackage, from source: ReleaseSource) throws(UpdatesError) -> BlockIndex {
    guard let hex = choice.index.hashes.texts["sha256"], let digest = SHA256Digest(hex: hex) else {
      throw UpdatesError(.malformed, "\(choice.index.path) has no SHA-256 to find it by: make the release again")
    }
    guard let bytes = try source.block(digest) else {
      throw UpdatesError(.unavailable, "\(choice.index.path) isn't there (block \(digest)): publish the release's blocks again")
    }
    try choice.index.check(bytes)
    let index = try BlockIndex(bytes)
    guard index.packageDigest == choice.digest, index.packageByteCount == choice.byteCount else {
      throw UpdatesError(.mismatch, "\(choice.index.path) lists the blocks of another package than its metadata say: make the release again")
    }
    return index
  }

  private var mayDownload: Bool {
    guard let hours = settings.hours else { return true }
    var now = time(nil)
    var local = unsafe tm()
    unsafe localtime_r(&now, &local)
    return unsafe hours.contains(minute: Int(local.tm_hour) * 60 + Int(local.tm_min))
  }

  private func failed(_ error: UpdatesError, _ version: UpdateJournal.Version, _ name: String) -> Bool {
    guard mayGoOn else { return false }
    conclude(.failed, version, name, code: error.code.rawValue, reason: error.message)
    return false
  }

  /// Notes how an attempt ended, and tells the fleet.
  func conclude(_ kind: UpdateJournal.Outcome.Kind, _ version: UpdateJournal.Version, _ name: String, code: String? = nil, reason: String? = nil) {
    candidates[name] = nil
    let outcome = UpdateJournal.Outcome(version: version, kind: kind, code: code, reason: reason, at: MonotonicClock.wallTime().rfc3339)
    journal[name].last = outcome
    journal[name].watch = nil
    do throws(UpdatesError) { try journal.save() } catch { log.error("updates: \(error.message)") }
    let text = "updates: \(name) \(version.version) (release \(version.release)): \(kind.rawValue)\(reason.map { ": \($0)" } ?? "")"
    log.log(kind == .installed ? .notice : .warning, text, subject: text)
    report()
    if postponed.remove(name) != nil { look() }
  }
}

/// Bytes that the kernel would give to processes without swapping; nil where it doesn't say.
private func availableMemory() -> Int? {
  guard let bytes = try? readFile("/proc/meminfo", limit: 65_536) else { return nil }
  let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
  return line?.split(separator: " ").compactMap { Int($0) }.first.map { $0 * 1024 }
}
