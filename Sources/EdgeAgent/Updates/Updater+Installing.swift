import Cryptography
import Glibc
import JSONReading
import ModelManifest
import Pipelines
import Updates

extension Updater {
  /// Brings one model to the version that is meant for this device.
  ///
  /// - Returns: whether nothing is left to be tried again.
  func follow(_ offer: ReleaseOffer, _ name: String, from source: ReleaseSource) -> Bool {
    var version: UpdateJournal.Version?
    do throws(UpdatesError) {
      var store = try PackageStore(models: modelsFolder, name: name)
      for finding in store.findings { log.warning("updates: \(finding.message)") }
      guard let choice = offer.choice(of: name, for: group, failed: store.failed) else { return true }
      let wanted = UpdateJournal.Version(version: choice.version, release: choice.release, digest: choice.digest.hex)
      version = wanted
      if store.active?.digest == choice.digest {
        if journal[name].version(of: choice.digest) != wanted {
          journal.note(wanted, of: name)
          try journal.save()
        }
        return true
      }
      // What is on trial isn't to be the one to go back to; what takes its place because it was withdrawn is.
      if let trial = trials[name], choice.release > trial.version.release, !isUnseen(trial) {
        postponed.insert(name)
        return true
      }
      try checkFit(choice)
      return try install(choice, wanted, name, &store, from: source)
    } catch {
      guard mayGoOn else { return false }
      guard let version else {
        log.log(.error, "updates: \(error.message.inOneLine(limit: 400))", subject: "store \(name)", about: [.model(name)])
        return false
      }
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
    // Only what has proved itself here is kept to go back to.
    let isProved = store.previous?.digest == choice.digest
    guard try fetch(choice, version, name, &store, from: source) else { return false }
    candidates[name] = ModelsMessage.Candidate(version: version, stage: .testing)
    report()
    guard let candidate = store.candidate else { throw UpdatesError(.noCandidate, "the package of \(name) \(version.version) isn't there after its download") }
    // The way back is open to what ran before, whatever it takes.
    // One whose trial no frame has come to is measured by what ran before it, as is what takes its place.
    let unproved = trials[name].flatMap { choice.release > $0.version.release ? $0 : nil }
    let isReturn = journal[name].version(of: store.active?.digest).map { $0.release > choice.release } ?? false
    let active = store.active?.digest
    let prepared: PreparedSwitch
    var remark: String?
    do throws(ModelTrial.Finding) {
      let package = try test(candidate.path, name, old: isReturn ? nil : (unproved == nil ? store.active : store.previous)?.path)
      if !isReturn, unproved == nil { remark = try shadow(package, version, name, &store) }
      prepared = try prepare(package, name)
    } catch {
      try store.reject(choice.digest)
      conclude(.refused, version, name, code: error.code, reason: error.reason)
      return true
    }
    carryOutOrders(holding: name, &store)
    // It was tested beside another version than the one that it would replace now.
    guard store.active?.digest == active else {
      look()
      return false
    }
    guard try isStillWanted(choice, name, store.failed, source) else { return false }
    let usage = host.usage(of: name)
    let before = isReturn ? nil : unproved.map(\.before) ?? usage.meanInference
    journal.note(version, of: name)
    let wasOfDevice = unproved.map(\.wasOfDevice) ?? usage.isOfDevice
    journal[name].watch =
      isProved
      ? nil
      : UpdateJournal.Watch(
        version: version, boot: bootIdentifier(), before: before.map { Int($0 / .microseconds(1)) }, wasOfDevice: before == nil ? nil : wasOfDevice)
    try journal.save()
    try store.activate(isActiveProved: unproved == nil)
    log.notice("updates: \(name) goes over to \(version.version) (release \(version.release))", about: .model(name))
    trials[name] = isProved ? nil : RunningTrial(version: version, before: before, wasOfDevice: wasOfDevice, remark: remark)
    candidates[name] = isProved ? nil : ModelsMessage.Candidate(version: version, stage: .watching)
    host.commit(prepared)
    if isProved { conclude(.installed, version, name) } else { report() }
    if prepared.hasWaiting { onFirstInstall() }
    return true
  }

  /// A download and a test take time: the agent may be ending, or somebody may have halted or withdrawn what was fetched.
  private func isStillWanted(
    _ choice: ReleasedPackage, _ name: String, _ failed: [SHA256Digest], _ source: ReleaseSource
  ) throws(UpdatesError) -> Bool {
    guard mayGoOn else { return false }
    guard isAsked else { return true }
    return try currentOffer(from: source).choice(of: name, for: group, failed: failed)?.digest == choice.digest && mayGoOn
  }

  private func test(_ path: String, _ name: String, old: String?) throws(ModelTrial.Finding) -> ModelPackage {
    working()
    let package: ModelPackage
    do throws(ModelPackageError) { package = try ModelPackage(contentsOf: path) } catch {
      throw ModelTrial.Finding(code: "unusable", reason: error.message)
    }
    let running = old.flatMap { try? ModelPackage(contentsOf: $0) }
    try ModelTrial(slowdownLimit: settings.slowdownLimit, onStep: { [self] in working() }).test(package, as: name, replacing: running)
    return package
  }

  private func prepare(_ package: ModelPackage, _ name: String) throws(ModelTrial.Finding) -> PreparedSwitch {
    do throws(EdgeAgentError) { return try host.prepare(package, as: name) { [self] in working() } } catch {
      throw ModelTrial.Finding(code: "unusable", reason: error.message)
    }
  }

  /// - Returns: false where it isn't the hour for downloads, or the agent ends.
  private func fetch(
    _ choice: ReleasedPackage, _ version: UpdateJournal.Version, _ name: String, _ store: inout PackageStore, from source: ReleaseSource
  ) throws(UpdatesError) -> Bool {
    if store.candidate?.digest == choice.digest { return true }
    if try store.bringBack(choice.digest) { return true }
    let isCarried = if case .stick = source { true } else { false }
    guard isCarried || mayDownload else {
      waitsForHours = true
      return false
    }
    candidates[name] = ModelsMessage.Candidate(version: version, stage: .downloading)
    report()
    let index = try index(of: choice, from: source)
    try store.begin(index)
    let blockCount = Set(index.blocks.map(\.digest)).count
    var taken = 0
    // New metadata may have halted what is being fetched; some blocks come all the same, lest somebody keep the download from ever ending.
    let mayFetch = { [self] in mayGoOn && (isCarried || mayDownload) && !(taken >= Self.leastBlockCount && isAsked) }
    while true {
      let isWhole = try source.fill(
        &store, bandwidth: settings.bandwidth, mayGoOn: { [self] in mayFetch() && !hasOrders },
        onProgress: { [self] progress, rate in
          working()
          taken += 1
          watchTrials(except: name)
          candidates[name]?.blocks = blockCount - progress.missingBlockCount
          candidates[name]?.blockCount = blockCount
          candidates[name]?.bytesPerSecond = rate
          reportProgress()
        })
      if isWhole { break }
      carryOutOrders(holding: name, &store)
      guard mayFetch() else { return false }
    }
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

  /// Blocks that a download takes before new metadata interrupt it.
  private static let leastBlockCount = 64

  private var mayDownload: Bool { settings.hours.map { $0.contains(minute: localMinute()) } ?? true }

  private func failed(_ error: UpdatesError, _ version: UpdateJournal.Version, _ name: String) -> Bool {
    let last = journal[name].last
    let isRepeated = last?.version == version && last?.kind == .failed && last?.code == error.code.rawValue
    // What the fleet itself has put together wrongly won't get better.
    if isRepeated, [.wrongPackage, .malformedBlock, .malformedIndex].contains(error.code), let digest = SHA256Digest(hex: version.digest),
      var store = try? PackageStore(models: modelsFolder, name: name), (try? store.reject(digest)) != nil
    {
      conclude(.refused, version, name, code: error.code.rawValue, reason: error.message)
      return true
    }
    conclude(.failed, version, name, code: error.code.rawValue, reason: error.message)
    return false
  }

  /// Notes how an attempt ended, and tells the fleet.
  func conclude(_ kind: UpdateJournal.Outcome.Kind, _ version: UpdateJournal.Version, _ name: String, code: String? = nil, reason: String? = nil) {
    if candidates[name]?.version == version { candidates[name] = nil }
    var outcome = UpdateJournal.Outcome(version: version, kind: kind, code: code, reason: reason?.inOneLine(limit: 400), at: MonotonicClock.wallTime().rfc3339)
    // The same once more isn't written down again: somebody might wear the flash.
    if let last = journal[name].last, last.version == version, last.kind == kind, last.code == code, last.reason == outcome.reason { outcome = last }
    let old = journal
    journal[name].last = outcome
    // Another version's trial goes on.
    if journal[name].watch?.version == version { journal[name].watch = nil }
    if journal[name].intent?.version == version { journal[name].intent = nil }
    if journal != old { do throws(UpdatesError) { try journal.save() } catch { log.error("updates: \(error.message)") } }
    let text = "updates: \(name) \(version.version) (release \(version.release)): \(kind.rawValue)\(outcome.reason.map { ": \($0)" } ?? "")"
    log.log(kind == .installed ? .notice : .warning, text, subject: text, about: [.model(name)])
    report()
    if trials[name] == nil, postponed.remove(name) != nil { look() }
  }
}

/// The minute of the day where the device stands.
func localMinute() -> Int {
  var now = time(nil)
  var local = unsafe tm()
  unsafe localtime_r(&now, &local)
  return unsafe Int(local.tm_hour) * 60 + Int(local.tm_min)
}

/// Bytes that the kernel would give to processes without swapping; nil where it doesn't say.
private func availableMemory() -> Int? {
  guard let bytes = try? readFile("/proc/meminfo", limit: 65_536) else { return nil }
  let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
  return line?.split(separator: " ").compactMap { Int($0) }.first.map { $0 * 1024 }
}
