import CSerialLine
import Glibc
public import GateProtocol
public import Pipelines

/// The agent's hand on a reject gate: finds the controller on a serial device, keeps it configured and the clocks compared, and brings it orders.
///
/// A thread of its own does all that; what is called here returns at once and waits for no device. A device that is missing or unplugged is a state, and
/// tried again for ever. Every order that was taken ends in exactly one report: acknowledged (with what the gate really did, and when), late, refused,
/// or lost with the link.
public final class GateClient: Sendable {
  public let settings: GateSettings
  private let work: GateWork
  private let thread: DataPlaneThread

  /// Begins at once.
  /// - Parameter report: called by the client's thread, which waits for it; so it must be quick.
  /// - Throws: where a setting is wrong, or there is no room for another thread.
  public init(_ settings: GateSettings, report: @escaping @Sendable (GateReport) -> Void) throws(GateClientError) {
    try settings.validate()
    self.settings = settings
    var wake: Int32 = -1
    let status = unsafe swl_serial_wake_open(&wake)
    guard status == 0 else { throw GateClientError(.noResources, "no descriptor for the gate’s client (error \(-status))") }
    let work = GateWork(settings, wake: wake, report: report)
    self.work = work
    do throws(PipelinesError) {
      thread = try DataPlaneThread(name: "gate") { work.run() }
    } catch { throw GateClientError(.noResources, error.message) }
  }

  deinit {
    work.stop()
    thread.join()
  }

  /// Orders what is to become of a part. Allocates nothing and waits for nothing but a short lock.
  /// - Parameter deadline: from then on the order is late without being sent.
  /// - Returns: its number; nil where the queue is full: then it was not taken, is counted as such, and no report follows.
  public func order(part: UInt32, _ verdict: GatePosition, deadline: MonotonicInstant) -> OrderNumber? {
    work.take(.part(part, verdict), deadline: deadline)
  }

  /// Orders a reject of what is at the gate at that moment, on a belt of constant speed without a sensor; otherwise like `order`.
  public func reject(at moment: MonotonicInstant, deadline: MonotonicInstant) -> OrderNumber? {
    work.take(.moment(moment), deadline: deadline)
  }

  /// Orders a reject of what is at the gate when the encoder shows `tick`; otherwise like `order`.
  public func reject(atTick tick: UInt64, deadline: MonotonicInstant) -> OrderNumber? {
    work.take(.tick(tick), deadline: deadline)
  }

  public var state: GateLinkState { work.shown.state }
  public var counters: GateCounters { work.shown.counters }

  /// How well the controller's clock is known now; nil before the first exchange.
  public var clockUncertainty: Duration? { work.shown.clock.uncertainty(at: MonotonicClock.now()) }

  /// By how many parts per million the controller's clock is faster; 0 for the first twenty seconds.
  public var clockDrift: Int { Int(work.shown.clock.drift) }

  /// The part that passed the sensor within `tolerance` of that moment (say, a frame's timestamp, with the time from sensor to camera taken off),
  /// among the last 64 whose time is known to `GateSettings.greatestUncertainty`; nil where it may have been another, too. Half the shortest time
  /// between two parts is a good tolerance.
  public func part(closestTo moment: MonotonicInstant, within tolerance: Duration) -> PartSighting? {
    work.part(closestTo: moment, within: tolerance)
  }

  /// The part that passed the sensor closest to that moment, however far from it, among those of which `part(closestTo:within:)` tells: to say why that found none.
  public func closestPart(to moment: MonotonicInstant) -> PartSighting? { work.closestPart(to: moment) }

  /// All parts that may have passed the sensor within `tolerance` of that moment, the clocks' uncertainty added: where `part(closestTo:within:)` can't tell
  /// which. Allocates nothing where `found` has room for 64.
  public func parts(near moment: MonotonicInstant, within tolerance: Duration, into found: inout [PartSighting]) {
    work.parts(near: moment, within: tolerance, into: &found)
  }

  /// Ends the work: what is under way ends as lost with the link, and the gate will take its safe position.
  public func stop() { work.stop() }

  /// Waits until `stop` has been carried out and the last report was made. Not from the report itself.
  public func join() { thread.join() }
}
