import Capture
import Pipelines

/// Where a camera's frames wait for a pipeline: the newest alone, or, where each frame is a part, each of them, in order.
enum FrameIntake: Sendable {
  case newest(Mailbox<Frame>)
  case each(BoundedQueue<Frame>)

  /// Frames that may wait in `each`: a camera has few buffers. One more is refused, and its part is unjudged.
  static let capacity = 2

  init(keepsEach: Bool) {
    self = keepsEach ? .each(BoundedQueue(capacity: Self.capacity, policy: .rejectNewest)) : .newest(Mailbox())
  }

  func put(_ frame: consuming Frame) {
    switch self {
    case .newest(let mailbox): mailbox.put(frame)
    case .each(let queue): queue.push(frame)
    }
  }

  /// Puts the newest back, unless a newer one came: then it is given up and counted.
  ///
  /// - Returns: the frame, where each is kept and it is its taker's.
  func putBack(_ frame: consuming Frame) -> Frame? {
    guard case .newest(let mailbox) = self else { return frame }
    mailbox.putBack(frame)
    return nil
  }

  /// - Returns: nil after `timeout`, or when closed and empty.
  func take(timeout: Duration? = nil) -> Frame? {
    switch self {
    case .newest(let mailbox): mailbox.take(timeout: timeout)
    case .each(let queue): queue.pop(timeout: timeout)
    }
  }

  func close() {
    switch self {
    case .newest(let mailbox): mailbox.close()
    case .each(let queue): queue.close()
    }
  }

  var isFinished: Bool {
    switch self {
    case .newest(let mailbox): mailbox.isFinished
    case .each(let queue): queue.isFinished
    }
  }

  /// Frames that nobody took.
  var dropCount: UInt64 {
    switch self {
    case .newest(let mailbox): mailbox.dropCount
    case .each(let queue): queue.dropCount
    }
  }
}
