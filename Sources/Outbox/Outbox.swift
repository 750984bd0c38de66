import Pipelines

/// Messages on their way to the broker, on disk, bounded, in order.
///
/// Accepted means committed: a thread of the outbox's own writes what is appended in batches, one transaction each, and only
/// then are messages numbered, reported accepted and given to a publisher. They stay until `markDelivered`. When the limit is
/// reached the oldest go first, and a gap event, itself a message, names them. A damaged file is set aside and a new one
/// begun, with a new epoch. Numbers are per topic, contiguous from 1 within an epoch, and never reused.
///
/// Appending never waits for the disk: it puts the message in a queue of bounded length, and is refused when that is full.
public final class Outbox: @unchecked Sendable {
  public enum Event: Sendable, Equatable {
    /// The file was damaged, why, and its new name; a new one has been begun.
    case setAside(OutboxError, as: String)
    /// Nothing can be accepted at the moment, and why; said once, until it works again.
    case failing(OutboxError)
    case recovered
    /// These messages won't be delivered.
    case gap(GapMessage)
  }

  /// Counted since the outbox was opened, beside `waiting` and `bytes`.
  public struct Status: Sendable, Equatable {
    public var epoch = ""
    /// Messages on disk, and their bytes.
    public var waiting = 0
    public var bytes = 0
    public var accepted: UInt64 = 0
    /// Never written: the queue was full or the disk failed. They have no number.
    public var refused: UInt64 = 0
    /// Given up for newer ones, or for their age.
    public var evicted: UInt64 = 0
    public var delivered: UInt64 = 0
    /// How long the latest commit took the disk, and the longest.
    public var lastCommit = Duration.zero
    public var longestCommit = Duration.zero
    /// Why nothing can be accepted at the moment.
    public var error: OutboxError?

    public init() {}
  }

  public typealias Acceptance = @Sendable (Result<MessageNumber, OutboxError>) -> Void

  struct Pending {
    let draft: OutboxDraft
    let completion: Acceptance?
  }

  /// What one transaction is to do. Removals name their epoch: in a new file the same ids name other messages.
  struct Work {
    var pending: [Pending] = []
    var delivered: [OutboxMessage] = []
    var discarded: [(OutboxMessage, GapMessage.Reason)] = []
    var isEmpty: Bool { pending.isEmpty && delivered.isEmpty && discarded.isEmpty }
  }

  struct Shared {
    var work = Work()
    /// When the oldest of what is pending came.
    var pendingSince: MonotonicInstant?
    /// Delivered or discarded, and perhaps still in the file.
    var leaving: Set<Int64> = []
    var isBusy = false
    /// Bytes of a message, lately; the first ones are guessed at.
    var meanCost = 512
    var isClosing = false
    var mustReopen = false
    /// Removals don't wait for something to be written with.
    var isHasty = false
    var status = Status()
    var commitHandlers: [@Sendable () -> Void] = []
  }

  public let settings: Settings
  let onEvent: @Sendable (Event) -> Void
  let mutex = PthreadMutex()
  /// Signalled when there is work, or the outbox is closing.
  let arrived = PthreadCondition()
  /// Signalled when work is done.
  let settled = PthreadCondition()
  var shared = Shared()
  /// Held while the file is read or written; taken by the writing thread and by publishers, never by who appends.
  let storeMutex = PthreadMutex()
  var store: OutboxStore?
  private var thread: DataPlaneThread?

  /// Opens or makes the file and starts the writing thread.
  ///
  /// - Parameter onEvent: called on the writing thread, and from here while opening; must not wait.
  /// - Throws: when the file can't be opened or made; a damaged one is set aside instead.
  public init(_ settings: Settings, onEvent: @escaping @Sendable (Event) -> Void = { _ in }) throws(OutboxError) {
    try settings.validate()
    self.settings = settings
    self.onEvent = onEvent
    store = try openStore()
    updateStatus()
    do {
      thread = try DataPlaneThread(name: "outbox") { self.run() }
    } catch {
      throw OutboxError(.unavailable, error.message)
    }
  }

  public convenience init(path: String, byteLimit: Int, onEvent: @escaping @Sendable (Event) -> Void = { _ in }) throws(OutboxError) {
    try self.init(Settings(path: path, byteLimit: byteLimit), onEvent: onEvent)
  }

  public var status: Status {
    mutex.withLock { shared.status }
  }

  /// Writes what is queued, then ends the thread and closes the file; whatever can't be written is refused. From then on
  /// everything is refused.
  public func close() {
    mutex.withLock { shared.isClosing = true }
    arrived.broadcast()
    thread?.join()
  }
}

// MARK: - Appending

extension Outbox {
  /// Queues a message without waiting.
  ///
  /// - Parameters:
  ///   - encode: builds the payload once the number is known, on the writing thread; called again should the write be repeated.
  ///   - isUrgent: written at once, with all that is queued before it, instead of after `Settings.commitInterval`.
  ///   - completion: called once, on the writing thread, with the number when the message is committed, or why it isn't kept.
  /// - Returns: false, and counts, when the queue is full or the outbox closed; `completion` is then not called.
  @discardableResult
  public func append(
    to topic: String, isUrgent: Bool = false, encoding encode: @escaping @Sendable (MessageNumber) -> [UInt8], completion: Acceptance? = nil
  ) -> Bool {
    let (isQueued, isToWrite) = mutex.withLock { () -> (Bool, Bool) in
      guard !shared.isClosing, shared.work.pending.count < settings.queueLimit else {
        shared.status.refused += 1
        return (false, false)
      }
      if shared.work.pending.isEmpty { shared.pendingSince = MonotonicClock.now() }
      shared.work.pending.append(Pending(draft: OutboxDraft(topic: topic, encode: encode), completion: completion))
      if isUrgent { shared.isHasty = true }
      // The first one sets the time until when others are waited for.
      return (true, shared.work.pending.count == 1 || mustWrite)
    }
    if isToWrite { arrived.signal() }
    return isQueued
  }

  /// Queues a message without waiting; see `append(to:isUrgent:encoding:completion:)`.
  @discardableResult
  public func append(_ payload: some Payload, to topic: String, isUrgent: Bool = false, completion: Acceptance? = nil) -> Bool {
    append(to: topic, isUrgent: isUrgent, encoding: { payload.encoded(as: $0) }, completion: completion)
  }

  /// Appends and waits until the message is committed.
  public func write(to topic: String, encoding encode: @escaping @Sendable (MessageNumber) -> [UInt8]) throws(OutboxError) -> MessageNumber {
    let answer = Answer()
    let isQueued = append(to: topic, isUrgent: true, encoding: encode) { answer.give($0) }
    guard isQueued else {
      throw mutex.withLock { shared.isClosing }
        ? OutboxError(.closed, "the outbox is closed") : OutboxError(.queueFull, "\(settings.queueLimit) messages wait to be written to ‘\(settings.path)’")
    }
    return try answer.wait().get()
  }

  /// Waits until everything appended or marked before is written, or refused because the disk fails.
  public func flush() {
    mutex.lock()
    defer { mutex.unlock() }
    while !shared.work.pending.isEmpty || (shared.status.error == nil && (shared.isBusy || !shared.work.isEmpty)) {
      shared.isHasty = true
      arrived.signal()
      settled.wait(with: mutex)
    }
  }

  private final class Answer: @unchecked Sendable {
    private let mutex = PthreadMutex()
    private let given = PthreadCondition()
    private var result: Result<MessageNumber, OutboxError>?

    func give(_ result: Result<MessageNumber, OutboxError>) {
      mutex.withLock { self.result = result }
      given.signal()
    }

    func wait() -> Result<MessageNumber, OutboxError> {
      mutex.lock()
      defer { mutex.unlock() }
      while true {
        if let result { return result }
        given.wait(with: mutex)
      }
    }
  }
}

// MARK: - Publishing

extension Outbox {
  /// Calls `handler` after each commit that accepted something, on the writing thread.
  public func onCommit(_ handler: @escaping @Sendable () -> Void) {
    mutex.withLock { shared.commitHandlers.append(handler) }
  }

  /// The next messages in order, after `last` (nil: from the oldest), up to `count` and about `bytes`; empty when there is
  /// none, and when the file can't be read. May wait for a commit.
  public func messages(after last: OutboxMessage? = nil, count: Int = 64, bytes: Int = 1 << 20) -> [OutboxMessage] {
    storeMutex.lock()
    defer { storeMutex.unlock() }
    guard let store else { return [] }
    do {
      var position = last.map { $0.epoch == store.epoch ? $0.id : 0 } ?? 0
      // Skipping what is leaving can empty a batch while more follow.
      while true {
        let (sound, damaged) = try store.messages(after: position, count: count, bytes: bytes)
        for message in damaged { discard(message, .damaged) }
        let leaving = mutex.withLock { shared.leaving }
        let ready = sound.filter { !leaving.contains($0.id) }
        guard ready.isEmpty, let furthest = (sound + damaged).map(\.id).max() else { return ready }
        position = furthest
      }
    } catch {
      if error.code == .damaged {
        mutex.withLock { shared.mustReopen = true }
        arrived.signal()
      }
      return []
    }
  }

  /// The broker has it: it leaves the file with one of the next commits, and isn't given out again.
  public func markDelivered(_ message: OutboxMessage) {
    let isToWrite = mutex.withLock {
      guard message.epoch == shared.status.epoch else { return false }
      shared.work.delivered.append(message)
      shared.leaving.insert(message.id)
      // The first one sets the time until when others are waited for.
      return shared.work.delivered.count == 1 || mustWrite
    }
    if isToWrite { arrived.signal() }
  }

  /// It can't be delivered: it leaves the file, and a gap event says so.
  public func discard(_ message: OutboxMessage, _ reason: GapMessage.Reason) {
    mutex.withLock {
      guard message.epoch == shared.status.epoch, shared.leaving.insert(message.id).inserted else { return }
      shared.work.discarded.append((message, reason))
    }
    arrived.signal()
  }
}
