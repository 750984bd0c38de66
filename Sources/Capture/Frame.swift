public import Imaging
public import Pipelines
import Synchronization

/// A counted lease on one captured image. The buffer goes back to its camera when the last lease dies, so a frame must not be
/// kept longer than needed: a camera has few buffers. A frame may outlive its camera.
@safe public struct Frame: ~Copyable, @unchecked Sendable {
  /// The pixels; valid while this lease lives.
  public let view: ImageView
  /// Counted by the source. A gap means frames that were lost before they came here.
  public let sequence: UInt64
  public let capturedAt: MonotonicInstant
  public let capturedAtWallTime: WallTime
  /// What a simulated frame truly shows; nil for a real one.
  public let groundTruth: [GroundTruthBox]?

  private let buffer: FrameBuffer
  private let owner: any FrameBufferOwner

  /// Takes the first lease on `buffer`, which `owner` gets back after the last.
  init(
    view: ImageView, sequence: UInt64, capturedAt: MonotonicInstant, groundTruth: [GroundTruthBox]? = nil, buffer: FrameBuffer,
    owner: any FrameBufferOwner
  ) {
    self.view = view
    self.sequence = sequence
    self.capturedAt = capturedAt
    capturedAtWallTime = MonotonicClock.wallTime(of: capturedAt)
    self.groundTruth = groundTruth
    self.buffer = buffer
    self.owner = owner
    buffer.addLease()
  }

  private init(sharing other: borrowing Frame) {
    view = other.view
    sequence = other.sequence
    capturedAt = other.capturedAt
    capturedAtWallTime = other.capturedAtWallTime
    groundTruth = other.groundTruth
    buffer = other.buffer
    owner = other.owner
    buffer.addLease()
  }

  deinit {
    if buffer.dropLease() { owner.takeBack(buffer) }
  }

  /// Another lease on the same image.
  public func share() -> Frame {
    Frame(sharing: self)
  }
}

/// One buffer of a camera, made when the camera starts, and how many frames lease it.
final class FrameBuffer: Sendable {
  let index: Int
  private let leases = Atomic<Int>(0)

  init(index: Int) {
    self.index = index
  }

  func addLease() {
    leases.add(1, ordering: .relaxed)
  }

  /// - Returns: whether that was the last one. All that other leases did with the buffer has happened before.
  func dropLease() -> Bool {
    leases.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
  }
}

/// Who holds the memory of frame buffers: kept alive by each lease.
protocol FrameBufferOwner: AnyObject, Sendable {
  /// Called once nobody leases `buffer` any more, on any thread. Must not wait.
  func takeBack(_ buffer: FrameBuffer)
}
