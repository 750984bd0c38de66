import Cryptography

@testable import Updates

/// What a store said last: a power cut may take none of it away.
struct StorePromise: Equatable {
  var active: SHA256Digest?
  var previous: SHA256Digest?
  /// On its way, or whole.
  var candidate: SHA256Digest?
  var isComplete = false
  var failed: [SHA256Digest] = []
  /// Blocks of the candidate that were synced.
  var fetched: Set<SHA256Digest> = []

  init() {}

  /// - Parameter last: what was promised before; blocks that came since count once they are synced.
  init(_ store: borrowing PackageStore, after last: StorePromise = StorePromise()) {
    (active, previous, failed) = (store.active?.digest, store.previous?.digest, store.failed)
    candidate = store.candidate?.digest ?? store.downloading
    isComplete = store.candidate != nil
    guard let download = store.download else { return }
    let blocks = zip(download.index.blocks, download.fetched.isFetched).filter { $0.1 }.map(\.0.digest)
    if download.unsynced.isEmpty { fetched = Set(blocks) } else if last.candidate == candidate { fetched = last.fetched }
  }

  /// The state but for the blocks.
  var slots: StorePromise {
    var slots = self
    slots.fetched = []
    return slots
  }
}
