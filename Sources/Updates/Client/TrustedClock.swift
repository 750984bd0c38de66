/// The time by which expiry is judged: never before a time that is known to have been.
///
/// A device without a battery for its clock begins in 1970, and whoever can turn its clock back could hold out metadata that have long
/// expired. The floor is the time of the last update that succeeded. As every expiry was after it then, a clock that was once set too far
/// ahead can raise the floor no further than to the expiry of metadata that the fleet had signed.
public struct TrustedClock: Sendable {
  private let path: String
  public private(set) var floor: DateTime

  /// - Parameter path: the file that holds the floor; one that isn't there or damaged gives none.
  public init(path: String) {
    self.path = path
    let text = contents(of: path).map { String(decoding: $0, as: UTF8.self) }
    floor = text.flatMap { DateTime(String($0.prefix(20))) } ?? DateTime(seconds: 0)
  }

  /// - Parameter systemTime: what the system's clock says.
  public func time(_ systemTime: DateTime) -> DateTime { max(systemTime, floor) }

  /// After an update that succeeded at `time`.
  ///
  /// - Throws: `.storage`.
  public mutating func raise(to time: DateTime) throws(UpdatesError) {
    guard time > floor else { return }
    try replaceFile(at: path, with: Array("\(time)\n".utf8))
    floor = time
  }
}
