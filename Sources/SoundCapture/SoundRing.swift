public import Pipelines

/// A stretch of sound without a gap in it.
public struct SoundBlock: Sendable, Equatable {
  /// Of its first sample, counted from the microphone's first one; what was lost or dropped is counted too. A step of more than a block is a
  /// gap.
  public var position: Int
  /// Samples.
  public var count: Int
  /// When its first sample was heard.
  public var capturedAt: MonotonicInstant
  /// The same by the wall clock, as that stood when the sample came: the machine may sleep, or its clock be set, before the block is read.
  public var heardAt: WallTime

  /// - Parameter heardAt: as the wall clock stands now, where nil.
  public init(position: Int, count: Int, capturedAt: MonotonicInstant, heardAt: WallTime? = nil) {
    self.position = position
    self.count = count
    self.capturedAt = capturedAt
    self.heardAt = heardAt ?? MonotonicClock.wallTime(of: capturedAt)
  }
}

/// Blocks of sound between the thread that captures and the one that reads. All memory is taken when it is made; a full ring refuses what
/// comes next, and the writer never waits for the reader beyond the copying of a block.
@safe final class SoundRing: @unchecked Sendable {
  private let blockLength: Int
  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  private let samples: UnsafeMutableBufferPointer<Float>
  private let blocks: UnsafeMutableBufferPointer<SoundBlock>
  private var head = 0
  private var used = 0
  private var isClosed = false
  private var isSignalled = false

  /// - Parameters:
  ///   - blockCount: blocks, at least one.
  ///   - blockLength: samples of the longest block.
  init(blockCount: Int, blockLength: Int) {
    self.blockLength = blockLength
    unsafe samples = .allocate(capacity: blockCount * blockLength)
    unsafe samples.initialize(repeating: 0)
    unsafe blocks = .allocate(capacity: blockCount)
    unsafe blocks.initialize(repeating: SoundBlock(position: 0, count: 0, capturedAt: MonotonicInstant(nanoseconds: 0)))
  }

  deinit {
    unsafe samples.deallocate()
    unsafe blocks.deallocate()
  }

  /// Copies a block in.
  /// - Returns: false where there is no room.
  func put(_ sound: UnsafeBufferPointer<Float>, _ block: SoundBlock) -> Bool {
    precondition(block.count == sound.count && sound.count <= blockLength)
    mutex.lock()
    guard unsafe used < blocks.count, !isClosed else {
      mutex.unlock()
      return false
    }
    let slot = unsafe (head + used) % blocks.count
    unsafe blocks[slot] = block
    if let start = sound.baseAddress { unsafe (samples.baseAddress! + slot * blockLength).update(from: start, count: sound.count) }
    used += 1
    mutex.unlock()
    changed.signal()
    return true
  }

  /// Takes the oldest block, waiting for one, for `signal` or for the end.
  /// - Parameter sound: its samples take the place of what it held.
  func take(into sound: inout [Float], until deadline: MonotonicInstant) -> SoundBlock? {
    mutex.lock()
    defer { mutex.unlock() }
    while used == 0 && !isClosed && !isSignalled {
      guard changed.wait(with: mutex, until: deadline) else { break }
    }
    isSignalled = false
    guard used > 0 else { return nil }
    let block = unsafe blocks[head]
    sound.removeAll(keepingCapacity: true)
    unsafe sound.append(contentsOf: UnsafeBufferPointer(start: samples.baseAddress! + head * blockLength, count: block.count))
    head = unsafe (head + 1) % blocks.count
    used -= 1
    return block
  }

  /// Wakes the reader: something else has changed.
  func signal() {
    mutex.withLock { isSignalled = true }
    changed.signal()
  }

  /// Nothing comes any more; what is in it can still be taken.
  func close() {
    mutex.withLock { isClosed = true }
    changed.signal()
  }

  /// True once closed and emptied.
  var isFinished: Bool {
    mutex.withLock { isClosed && used == 0 }
  }
}
