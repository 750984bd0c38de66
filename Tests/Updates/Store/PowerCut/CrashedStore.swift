import Cryptography
import SimulatedDisk

@testable import Updates

/// Opens what a power cut left of a store, holds it to its promises, and goes on with it.
struct CrashedStore {
  static let syncByteCount = 12_000
  let shelf: PackageShelf

  /// - Parameters:
  ///   - before: what the last call that returned promised.
  ///   - after: what the call that was cut off would have promised.
  func violations(in contents: [String: FileImage], before: StorePromise, after: StorePromise) -> [String] {
    let files = RecordedFiles(Disk(contents))
    do throws(UpdatesError) {
      var store = try PackageStore(files, reserveByteCount: 0, syncByteCount: Self.syncByteCount)
      var problems = store.findings.map { "found: \($0.message)" }
      problems += check(store, files, before, after)
      problems += try goOn(&store, files, towards: after.candidate)
      return problems + (store.findings.isEmpty ? [] : ["found later: \(store.findings.last?.message ?? "")"])
    } catch {
      return ["\(error.code): \(error.message)"]
    }
  }

  private func check(_ store: borrowing PackageStore, _ files: RecordedFiles, _ before: StorePromise, _ after: StorePromise) -> [String] {
    var problems: [String] = []
    let found = StorePromise(store)
    if (found.active, found.previous) != (before.active, before.previous) && (found.active, found.previous) != (after.active, after.previous) {
      problems.append("the slots are neither the old nor the new ones")
    }
    if !Set(found.failed).isSuperset(of: before.failed) { problems.append("a failed package is forgotten") }
    if !Set(found.failed).isSubset(of: after.failed) { problems.append("a package failed that nobody reported") }
    if let candidate = before.candidate, candidate == after.candidate {
      if found.candidate != candidate { problems.append("the package on its way is forgotten") }
      if before.isComplete && !found.isComplete { problems.append("the whole candidate isn't whole any more") }
      let lost = Set(store.missingBlocks().map(\.digest)).intersection(before.fetched)
      if !lost.isEmpty { problems.append("\(lost.count) synced blocks are to be fetched again") }
    }
    for digest in [found.active, found.previous, found.isComplete ? found.candidate : nil].compactMap({ $0 }) where !isWhole(digest, files) {
      problems.append("package \(digest) is damaged")
    }
    if Set(files.names()).subtracting([Slots.fileName]) != expectedNames(found) {
      problems.append("there are other files than the slots name: \(files.names())")
    }
    return problems
  }

  private func isWhole(_ digest: SHA256Digest, _ files: RecordedFiles) -> Bool {
    files.disk[PackageStore.packageName(digest)].map { SHA256.digest(of: $0.bytes) == digest } ?? false
  }

  private func expectedNames(_ found: StorePromise) -> Set<String> {
    var names = Set([found.active, found.previous, found.candidate].compactMap { $0 }.flatMap { [PackageStore.packageName($0), PackageStore.indexName($0)] })
    if let candidate = found.candidate, !found.isComplete { names.insert(PackageStore.fetchedName(candidate)) }
    return names
  }

  /// Ends the download that was under way, or makes another, switches to it and back; all of it is durable.
  private func goOn(_ store: inout PackageStore, _ files: RecordedFiles, towards wish: SHA256Digest?) throws(UpdatesError) -> [String] {
    var problems: [String] = []
    let old = store.active?.digest
    let isPossible = { [failed = store.failed] (digest: SHA256Digest) in digest != old && !failed.contains(digest) }
    let candidates = [store.candidate?.digest, store.downloading, wish] + shelf.all.map(\.digest)
    guard let goal = candidates.compactMap({ $0 }).first(where: isPossible), let release = shelf[goal] else { return ["nothing is left to install"] }
    for failed in store.failed {
      guard let index = shelf[failed]?.index else { continue }
      do throws(UpdatesError) {
        try store.begin(index)
        problems.append("a package that failed is tried again")
      } catch {
        if error.code != .failedBefore { throw error }
      }
    }
    try store.install(release)
    if store.active?.digest != goal || store.previous?.digest != old || !isWhole(goal, files) { problems.append("the installation went wrong") }
    if let old {
      try store.rollBack()
      if store.active?.digest != old || !isWhole(old, files) || store.failed.last != goal { problems.append("rolling back went wrong") }
    }
    let again = try PackageStore(RecordedFiles(Disk(files.disk.contents(after: .keepsSynced))), reserveByteCount: 0)
    if StorePromise(again) != StorePromise(store) { problems.append("what was done isn't durable") }
    return problems
  }
}
