import Glibc
import Pipelines

/// The WAV files of a folder, in the order of their names' bytes, as a system with one capture device: sound comes at the pace of the clock. Behind
/// each file comes a second of silence, so that what is said at its end is over; behind the last one the first again, or the end.
///
/// All files must be written alike: a device has one format. The capture thread reads them itself, so unlike a device's its reads may wait for the
/// disk; what is late comes at once then, and nothing is lost.
final class ReplayedSounds: SoundSystem, @unchecked Sendable {
  private let folder: String
  private let loops: Bool
  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  private var stopped = false

  init(folder: String, loops: Bool) { (self.folder, self.loops) = (folder, loops) }

  var isStopped: Bool { mutex.withLock { stopped } }

  func stop() {
    mutex.withLock { stopped = true }
    changed.broadcast()
  }

  func now() -> MonotonicInstant { MonotonicClock.now() }
  func slept() -> Duration { MonotonicClock.sleepingTime() }
  func captureDevices() -> [CaptureDevice] { [] }

  func open(_ name: String) throws(SoundFailure) -> any SoundDevice { ReplayedDevice(try Self.files(of: folder), loops: loops, of: self) }

  func wait(for device: (any SoundDevice)?, until deadline: MonotonicInstant) -> SoundWait {
    let due = (device as? ReplayedDevice)?.due
    let until = due.map { min($0, deadline) } ?? deadline
    mutex.lock()
    defer { mutex.unlock() }
    while !stopped, changed.wait(with: mutex, until: until) {}
    if stopped { return .stopped }
    return due.map { $0 <= now() } ?? false ? .ready : .timedOut
  }

  /// The folder's files and how they are written.
  /// - Throws: where it can't be read, holds no WAV file, or one that isn't written as the first is, naming it.
  static func files(of folder: String) throws(SoundFailure) -> (paths: [String], format: WAVFile.Format) {
    guard let stream = unsafe opendir(folder) else {
      throw SoundFailure(number: errno, message: "the folder \(folder) can't be read (\(systemMessage(errno)))")
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix("."), name.lowercased().hasSuffix(".wav") { names.append(name) }
    }
    let paths = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { "\(folder)/\($0)" }
    var first: WAVFile.Format?
    for path in paths {
      let format = try WAVFile(path).format
      if let first, first != format {
        throw SoundFailure(
          number: EINVAL,
          message: "\(path) is written otherwise than \(paths[0]): the files of a folder microphone must be of one sample rate, format and number of channels")
      }
      first = format
    }
    guard let first else { throw SoundFailure(number: ENOENT, message: "the folder \(folder) holds no WAV file") }
    return (paths, first)
  }
}

/// What a folder's files give. One thread uses it.
final class ReplayedDevice: SoundDevice, @unchecked Sendable {
  private let system: ReplayedSounds
  private let paths: [String]
  private let format: WAVFile.Format
  private let loops: Bool
  private var period = 1
  private var begun: MonotonicInstant?
  /// Frames given since then.
  private var given = 0
  private var file: WAVFile?
  /// Index of the file that comes next.
  private var next = 0
  /// Frames of silence that come before it.
  private var silence = 0
  private var isOver = false

  init(_ files: (paths: [String], format: WAVFile.Format), loops: Bool, of system: ReplayedSounds) {
    (paths, format, self.loops, self.system) = (files.paths, files.format, loops, system)
  }

  /// When a period has gathered; nil before the start.
  var due: MonotonicInstant? { begun.map { $0.advanced(by: .seconds(given + period) / format.sampleRate) } }

  func beginNegotiation() throws(SoundFailure) {}
  func narrow(rate: Int) -> Bool { rate == format.sampleRate }
  func narrow(nearestRate: Int) -> Int? { format.sampleRate }
  func narrow(channels: Int) -> Bool { channels == format.channelCount }
  func narrowToFewestChannels() -> Int? { format.channelCount }
  func narrow(format: SampleFormat) -> Bool { format == self.format.sampleFormat }

  func finishNegotiation(period: Int, buffer: Int) throws(SoundFailure) -> (period: Int, buffer: Int) {
    self.period = max(1, period)
    return (self.period, buffer)
  }

  func start() -> Int32 {
    begun = system.now()
    return 0
  }

  func prepare() -> Int32 { 0 }
  func resume() -> Int32 { 0 }
  func close() { file = nil }

  func waitingFrames() -> Int {
    guard let begun else { return 0 }
    let elapsed = begun.duration(to: system.now())
    return max(0, Int((elapsed / .seconds(1) * Double(format.sampleRate)).rounded(.down)) - given)
  }

  func read(into memory: UnsafeMutableRawPointer, frames: Int) -> Int {
    let wanted = min(frames, waitingFrames())
    var done = 0
    while done < wanted, !isOver {
      let step = unsafe fill(memory + done * format.bytesPerFrame, frames: wanted - done)
      guard step >= 0 else { return step }
      done += step
    }
    given += done
    // What was read is taken before the end is seen.
    if isOver { system.stop() }
    return done
  }

  private func fill(_ memory: UnsafeMutableRawPointer, frames: Int) -> Int {
    if silence > 0 {
      let count = min(silence, frames)
      unsafe memory.initializeMemory(as: UInt8.self, repeating: format.sampleFormat == .u8 ? 128 : 0, count: count * format.bytesPerFrame)
      silence -= count
      return count
    }
    if next == paths.count, file == nil {
      guard loops else {
        isOver = true
        return 0
      }
      next = 0
    }
    if file == nil {
      do throws(SoundFailure) { file = try WAVFile(paths[next]) } catch { return -Int(error.number) }
      next += 1
      guard file?.format == format else { return -Int(EIO) }
    }
    let count = unsafe file?.read(into: memory, frames: frames) ?? 0
    if count == 0 {
      file = nil
      silence = format.sampleRate
    }
    return count
  }
}
