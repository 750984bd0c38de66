import Pipelines

// The writing thread.
extension Outbox {
  private static let largestBatch = 256
  /// Acknowledgements wait this long for something to be written with, and until this many are together.
  private static let removalDelay = Duration.milliseconds(500)
  private static let mostRemovals = 1024
  /// How often it is looked for messages that are too old, where nothing is written.
  private static let ageInterval = Duration.seconds(10)

  func run() {
    while let work = takeWork() {
      do {
        let (commit, epoch) = try write(work)
        finish(work, commit, epoch)
      } catch {
        fail(work, error)
        waitBeforeRetry()
      }
    }
    storeMutex.withLock { store = nil }
    let rest = mutex.withLock { () -> [Pending] in
      defer { shared.work = Work() }
      return shared.work.pending
    }
    for pending in rest { pending.completion?(.failure(OutboxError(.closed, "the outbox was closed first"))) }
    settled.broadcast()
  }

  /// Waits for work; nil when closing and nothing is left.
  private func takeWork() -> Work? {
    mutex.lock()
    defer { mutex.unlock() }
    shared.isBusy = false
    settled.broadcast()
    let begun = MonotonicClock.now()
    while !shared.isClosing && !shared.mustReopen && shared.work.discarded.isEmpty && !mustWrite {
      guard let deadline = nextDeadline(since: begun) else {
        arrived.wait(with: mutex)
        continue
      }
      if !arrived.wait(with: mutex, until: deadline) { break }
    }
    if shared.isClosing && shared.work.isEmpty { return nil }
    shared.isBusy = true
    shared.isHasty = false
    var work = Work()
    work.pending = Array(shared.work.pending.prefix(Self.largestBatch))
    shared.work.pending.removeFirst(work.pending.count)
    if shared.work.pending.isEmpty { shared.pendingSince = nil }
    swap(&work.delivered, &shared.work.delivered)
    swap(&work.discarded, &shared.work.discarded)
    return work
  }

  /// Whether what is queued is enough, or urgent enough, to be written now; under the mutex.
  var mustWrite: Bool {
    let work = shared.work
    if shared.isHasty && !work.isEmpty || work.delivered.count >= Self.mostRemovals { return true }
    guard !work.pending.isEmpty else { return false }
    return settings.commitInterval == .zero || work.pending.count >= Self.largestBatch
      || work.pending.count * shared.meanCost >= settings.commitBytes
  }

  private func nextDeadline(since begun: MonotonicInstant) -> MonotonicInstant? {
    var deadlines: [MonotonicInstant] = []
    if let pendingSince = shared.pendingSince { deadlines.append(pendingSince.advanced(by: settings.commitInterval)) }
    if !shared.work.delivered.isEmpty { deadlines.append(begun.advanced(by: max(Self.removalDelay, settings.commitInterval))) }
    if settings.classLimits.values.contains(where: { $0.age != nil }) { deadlines.append(begun.advanced(by: Self.ageInterval)) }
    return deadlines.min()
  }

  private func write(_ work: Work) throws(OutboxError) -> (OutboxStore.Commit, String) {
    storeMutex.lock()
    defer { storeMutex.unlock() }
    let isDamaged = mutex.withLock {
      defer { shared.mustReopen = false }
      return shared.mustReopen
    }
    // Opening looks the whole file over and sets it aside if it must.
    if isDamaged { store = nil }
    do {
      return try commit(work)
    } catch {
      switch error.code {
      case .diskFull: try relieve(work)
      case .damaged: try replaceDamaged(error)
      default:
        // After an error of the disk only a fresh connection is sure of the file's state.
        store = nil
        throw error
      }
      return try commit(work)
    }
  }

  private func commit(_ work: Work) throws(OutboxError) -> (OutboxStore.Commit, String) {
    if store == nil {
      store = try openStore()
    }
    guard let store else { throw OutboxError(.closed, "the outbox is closed") }
    let delivered = work.delivered.filter { $0.epoch == store.epoch }.map(\.id)
    let discarded = work.discarded.filter { $0.0.epoch == store.epoch }.map { ($0.0.id, $0.1) }
    let begun = MonotonicClock.now()
    let commit = try store.commit(work.pending.map(\.draft), removing: delivered, discarding: discarded)
    note(begun.duration(to: MonotonicClock.now()), commit)
    return (commit, store.epoch)
  }

  private func note(_ duration: Duration, _ commit: OutboxStore.Commit) {
    mutex.withLock {
      shared.status.lastCommit = duration
      shared.status.longestCommit = max(shared.status.longestCommit, duration)
      if !commit.numbers.isEmpty { shared.meanCost = (shared.meanCost + commit.bytes / commit.numbers.count) / 2 }
    }
  }

  /// The disk is full before the outbox is: its log and its oldest messages may make room enough.
  private func relieve(_ work: Work) throws(OutboxError) {
    guard let store else { return }
    try store.checkpoint()
    let delivered = work.delivered.filter { $0.epoch == store.epoch }.map(\.id)
    let commit = try store.evict(bytes: settings.byteLimit / 16, removing: delivered)
    for gap in commit.gaps { onEvent(.gap(gap)) }
    try store.checkpoint()
  }

  func replaceDamaged(_ error: OutboxError) throws(OutboxError) {
    store = nil
    onEvent(.setAside(error, as: try SetAside.move(settings.path, because: error)))
    let new = try OutboxStore(settings)
    store = new
    // Both at once: from here on ids name messages of the new file.
    mutex.withLock {
      shared.status.epoch = new.epoch
      shared.leaving.removeAll()
    }
  }

  /// Opens the file, beginning a new one in place of a damaged one.
  func openStore() throws(OutboxError) -> OutboxStore? {
    do {
      return try OutboxStore(settings)
    } catch  where error.code == .damaged {
      try replaceDamaged(error)
      return store
    }
  }

  func updateStatus() {
    guard let store else { return }
    mutex.withLock {
      shared.status.epoch = store.epoch
      shared.status.waiting = store.content.messages
      shared.status.bytes = store.content.bytes
      shared.status.evicted = store.content.evicted
    }
  }

  private func finish(_ work: Work, _ commit: OutboxStore.Commit, _ epoch: String) {
    storeMutex.withLock { updateStatus() }
    let accepted = commit.numbers.count { $0 != nil }
    let (hasRecovered, handlers) = mutex.withLock {
      for message in work.delivered { shared.leaving.remove(message.id) }
      for (message, _) in work.discarded { shared.leaving.remove(message.id) }
      shared.status.delivered += UInt64(work.delivered.count)
      shared.status.accepted += UInt64(accepted)
      shared.status.refused += UInt64(commit.numbers.count - accepted)
      defer { shared.status.error = nil }
      return (shared.status.error != nil, shared.commitHandlers)
    }
    if hasRecovered { onEvent(.recovered) }
    for gap in commit.gaps { onEvent(.gap(gap)) }
    for (pending, number) in zip(work.pending, commit.numbers) {
      pending.completion?(number.map { .success($0) } ?? .failure(tooLarge(pending.draft.topic)))
    }
    // What waits could not be read while the file was closed.
    if accepted > 0 || !commit.gaps.isEmpty || hasRecovered { for handler in handlers { handler() } }
  }

  private func tooLarge(_ topic: String) -> OutboxError {
    OutboxError(.messageTooLarge, "a message for ‘\(topic)’ is larger than half the outbox; raise storage: outbox")
  }

  /// Refuses what was to be written, keeps what was to be removed for the next time.
  private func fail(_ work: Work, _ error: OutboxError) {
    let isClosed = storeMutex.withLock { store == nil }
    let isNew = mutex.withLock {
      // Opened again also where nothing more is appended: what waits in the file must still get out.
      if isClosed { shared.mustReopen = true }
      shared.status.refused += UInt64(work.pending.count)
      shared.work.delivered.insert(contentsOf: work.delivered, at: 0)
      shared.work.discarded.insert(contentsOf: work.discarded, at: 0)
      defer { shared.status.error = error }
      return shared.status.error?.code != error.code
    }
    settled.broadcast()
    if isNew { onEvent(.failing(error)) }
    for pending in work.pending { pending.completion?(.failure(error)) }
  }

  /// A failing disk isn't asked without pause; when closing it isn't asked again.
  private func waitBeforeRetry() {
    let deadline = MonotonicClock.now().advanced(by: settings.retryDelay)
    mutex.lock()
    if shared.isClosing {
      shared.work.delivered.removeAll()
      shared.work.discarded.removeAll()
    }
    while !shared.isClosing, arrived.wait(with: mutex, until: deadline) {}
    mutex.unlock()
  }
}
