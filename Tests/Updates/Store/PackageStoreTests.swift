import Cryptography
import Foundation
import SimulatedDisk
import Testing

@testable import Updates

@Suite struct PackageStoreTests {
  private let shelf: PackageShelf
  private let files = RecordedFiles()

  init() throws { shelf = try PackageShelf() }

  private func open(reserve: Int = 0) throws -> PackageStore { try PackageStore(files, reserveByteCount: reserve, syncByteCount: 20_000) }

  private func code(_ body: () throws -> Void) -> UpdatesError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? UpdatesError)?.code
    }
  }

  @Test func `a package becomes the active one, and stays it`() throws {
    var store = try open()
    #expect(store.active == nil && store.candidate == nil && store.progress == nil)
    try store.begin(shelf.first.index)
    let progress = PackageStore.Progress(byteCount: shelf.first.file.count, fetchedByteCount: 0, missingBlockCount: shelf.first.blocks.stored.count)
    #expect(store.progress == progress)
    let missing = store.missingBlocks().map(\.offset)
    #expect(missing == missing.sorted())
    #expect(store.missingBlocks(limit: 2).map(\.offset) == Array(missing.prefix(2)))
    try store.fetch(shelf.first)
    #expect(store.candidate == nil)
    try store.finish()
    #expect(store.candidate?.path == "/models/test/\(shelf.first.digest).swiftlet")
    try store.activate()
    let again = try open()
    #expect(again.active?.digest == shelf.first.digest && again.active?.byteCount == shelf.first.file.count)
    #expect(files.disk[PackageStore.packageName(shelf.first.digest)]?.bytes == shelf.first.file)
    #expect(again.previous == nil && again.candidate == nil && again.findings.isEmpty)
  }

  @Test func `blocks of the installed package aren't fetched again`() throws {
    var store = try open()
    try store.install(shelf.first)
    try store.begin(shelf.second.index)
    let shared = shelf.second.index.blocks.filter { shelf.first.blocks.stored[$0.digest] != nil }
    #expect(!shared.isEmpty)
    let missing = Set(store.missingBlocks().map(\.digest))
    #expect(missing == Set(shelf.second.index.blocks.map(\.digest)).subtracting(shared.map(\.digest)))
    try store.install(shelf.second)
    #expect(files.disk[PackageStore.packageName(shelf.second.digest)]?.bytes == shelf.second.file)
    #expect(store.previous?.digest == shelf.first.digest)
  }

  @Test func `nothing is taken from a damaged package, and the update comes all the same`() throws {
    var store = try open()
    try store.install(shelf.first)
    try files.write([1, 2, 3], to: PackageStore.packageName(shelf.first.digest), at: 20_000)
    try store.begin(shelf.second.index)
    #expect(store.missingBlocks().count == shelf.second.blocks.stored.count)
    #expect(store.findings.map(\.code) == [.damagedStore])
    #expect(store.findings.first?.message.contains(shelf.first.digest.hex) == true)
    try store.install(shelf.second)
    #expect(files.disk[PackageStore.packageName(shelf.second.digest)]?.bytes == shelf.second.file)
  }

  @Test func `a damaged index or a short file of an installed package costs its blocks alone`() throws {
    var store = try open()
    try store.install(shelf.first)
    try store.install(shelf.third)
    try files.write([0xFF], to: PackageStore.indexName(shelf.first.digest), at: 80)
    try files.write([0xFF], to: PackageStore.indexName(shelf.third.digest), at: 80)
    try store.begin(shelf.second.index)
    #expect(store.missingBlocks().count == shelf.second.blocks.stored.count)
    #expect(store.findings.count == 2)
    try store.install(shelf.second)
  }

  @Test func `an interrupted download goes on, also with another one between`() throws {
    var store = try open()
    try store.begin(shelf.first.index)
    try store.fetch(shelf.first, limit: 3)
    try store.sync()
    let missing = store.missingBlocks()
    store = try open()
    #expect(store.downloading == shelf.first.digest)
    #expect(store.missingBlocks() == missing)
    try store.begin(shelf.first.index)
    #expect(store.missingBlocks() == missing)
    try store.begin(shelf.other.index)
    #expect(store.downloading == shelf.other.digest && store.missingBlocks().count == shelf.other.blocks.stored.count)
    #expect(files.names().filter { $0.hasPrefix(shelf.first.digest.hex) } == [])
    try store.install(shelf.first)
  }

  @Test func `a wrong block is refused, and asked for again`() throws {
    var store = try open()
    try store.begin(shelf.first.index)
    let block = try #require(store.missingBlocks().first)
    let good = try #require(shelf.first.blocks.stored[block.digest])
    #expect(code { try store.put(good.dropLast() + [good[good.count - 1] ^ 1], as: block.digest) } == .wrongBlock)
    #expect(code { try store.put([], as: block.digest) } == .wrongBlock)
    #expect(code { try store.put([1], as: SHA256.digest(of: [1])) } == .wrongBlock)
    #expect(store.missingBlocks().first == block)
    try store.put(good, as: block.digest)
    try store.put([9, 9, 9], as: block.digest)
    #expect(!store.missingBlocks().contains(block))
  }

  @Test func `a package whose blocks are right and whose index lies is never the candidate`() throws {
    var store = try open()
    try store.install(shelf.first)
    let blocks = shelf.other.index.blocks.map { ($0.digest, $0.rawByteCount, $0.storedByteCount) }
    let lying = BlockIndex(packageDigest: SHA256.digest(of: [1]), blocks: blocks)
    try store.begin(lying)
    try store.fetch(shelf.other)
    #expect(code { try store.finish() } == .wrongPackage)
    #expect(store.candidate == nil && store.downloading == nil && store.active?.digest == shelf.first.digest)
    #expect(files.names().count == 3)
  }

  @Test func `what isn't whole is neither finished nor activated`() throws {
    var store = try open()
    #expect(code { try store.finish() } == .noCandidate)
    #expect(code { try store.activate() } == .noCandidate)
    try store.begin(shelf.first.index)
    try store.fetch(shelf.first, limit: 2)
    #expect(code { try store.finish() } == .noCandidate)
    #expect(code { try store.activate() } == .noCandidate)
    try store.fetch(shelf.first)
    #expect(code { try store.activate() } == .noCandidate)
    try store.finish()
    try store.finish()
    try store.activate()
    #expect(code { try store.begin(shelf.first.index) } == .alreadyInstalled)
  }

  @Test func `rolling back makes the package before active, and the failed one is never tried again`() throws {
    var store = try open()
    try store.install(shelf.first)
    #expect(code { try store.rollBack() } == .nothingToRollBackTo)
    try store.install(shelf.second)
    try store.rollBack()
    #expect(store.active?.digest == shelf.first.digest && store.previous == nil && store.failed == [shelf.second.digest])
    store = try open()
    #expect(code { try store.begin(shelf.second.index) } == .failedBefore)
    #expect(code { try store.rollBack() } == .nothingToRollBackTo)
    #expect(code { try store.reject(shelf.first.digest) } == .alreadyInstalled)
    #expect(Set(files.names()) == [Slots.fileName, PackageStore.packageName(shelf.first.digest), PackageStore.indexName(shelf.first.digest)])
  }

  @Test func `a rejected candidate leaves, and is never tried again`() throws {
    var store = try open()
    try store.install(shelf.first)
    try store.begin(shelf.second.index)
    try store.fetch(shelf.second)
    try store.finish()
    try store.reject(shelf.second.digest)
    #expect(store.candidate == nil && store.active?.digest == shelf.first.digest)
    #expect(code { try store.begin(shelf.second.index) } == .failedBefore)
    #expect(files.names().count == 3)
  }

  @Test func `the previous package comes back without a fetch, unless it is damaged`() throws {
    var store = try open()
    try store.install(shelf.first)
    try store.install(shelf.second)
    try store.begin(shelf.first.index)
    #expect(store.candidate?.digest == shelf.first.digest)
    try store.activate()
    #expect(store.active?.digest == shelf.first.digest && store.previous?.digest == shelf.second.digest)
    try files.write([1, 2, 3], to: PackageStore.packageName(shelf.second.digest), at: 100)
    try store.begin(shelf.second.index)
    #expect(store.candidate == nil && store.previous == nil && !store.missingBlocks().isEmpty)
    try store.install(shelf.second)
    #expect(files.disk[PackageStore.packageName(shelf.second.digest)]?.bytes == shelf.second.file)
  }

  @Test func `what was before is brought back without its index, and nothing else is`() throws {
    var store = try open()
    for package in [shelf.first, shelf.second] {
      try store.begin(package.index)
      try store.fetch(package)
      try store.finish()
      try store.activate()
    }
    #expect(try !store.bringBack(shelf.second.digest))
    #expect(try store.bringBack(shelf.first.digest))
    #expect(store.candidate?.digest == shelf.first.digest)
    try store.activate()
    #expect(try open().active?.digest == shelf.first.digest)
  }

  @Test func `what never proved itself is left out of the way back`() throws {
    var store = try open()
    try store.install(shelf.first)
    try store.install(shelf.second)
    try store.begin(shelf.third.index)
    try store.fetch(shelf.third)
    try store.finish()
    try store.activate(isActiveProved: false)
    #expect(store.active?.digest == shelf.third.digest && store.previous?.digest == shelf.first.digest)
    #expect(files.disk[PackageStore.packageName(shelf.second.digest)] == nil)
    // Over one that never proved itself comes what was before.
    #expect(try store.bringBack(shelf.first.digest))
    try store.activate(isActiveProved: false)
    #expect(try open().active?.digest == shelf.first.digest)
    #expect(try open().previous == nil)
  }

  @Test func `without one before it the active package is given up, and never tried again`() throws {
    var store = try open()
    try store.giveUpActive()
    try store.begin(shelf.first.index)
    try store.fetch(shelf.first)
    try store.finish()
    try store.activate()
    try store.giveUpActive()
    var again = try open()
    #expect(again.active == nil && again.previous == nil && again.failed == [shelf.first.digest])
    #expect(code { try again.begin(shelf.first.index) } == .failedBefore)
  }

  @Test func `a full disk is named before the first byte, with what is needed and what is to stay free`() throws {
    var store = try open(reserve: 1000)
    files.freeBytes = 150_000
    let error = #expect(throws: UpdatesError.self) { try store.begin(shelf.first.index) }
    #expect(error?.code == .diskFull)
    let needed = shelf.first.file.count + BlockIndex.largestByteCount + Slots.largestByteCount
    for figure in ["needs \(needed) bytes", "1000 to stay free", "has 150000"] { #expect(error?.message.contains(figure) == true) }
    #expect(files.names() == [])
    files.freeBytes = needed + 1000
    try store.begin(shelf.first.index)
  }

  @Test func `a missing active package gives way to the one before, and a stranger's file stays`() throws {
    var store = try open()
    try store.install(shelf.first)
    try store.install(shelf.second)
    try files.remove(PackageStore.packageName(shelf.second.digest))
    try files.put([1], in: "notes.txt")
    store = try open()
    #expect(store.active?.digest == shelf.first.digest && store.previous == nil)
    #expect(store.findings.map(\.code) == [.damagedStore])
    #expect(files.names().contains("notes.txt"))
  }

  @Test(arguments: ["", "{}", #"{"schema":"swiftlet/slots/2"}"#, #"{"schema":"swiftlet/slots/1","active":{"package":"x"}}"#])
  func `damaged slots are named and nothing is removed`(text: String) throws {
    var store = try open()
    try store.install(shelf.first)
    try files.put(Array(text.utf8), in: Slots.fileName)
    let names = files.names()
    let error = #expect(throws: UpdatesError.self) { _ = try open() }
    #expect(error?.code == .damagedStore)
    #expect(error?.message.hasPrefix("/models/test/slots.json ") == true)
    #expect(files.names() == names)
  }

  @Test func `failed packages are remembered up to a number, the newest longest`() throws {
    var store = try open()
    let digests = (0..<300).map { SHA256.digest(of: [UInt8($0 & 255), UInt8($0 >> 8)]) }
    for digest in digests { try store.reject(digest) }
    try store.reject(digests[100])
    store = try open()
    #expect(store.failed == digests[44...].filter { $0 != digests[100] } + [digests[100]])
    #expect(files.disk[Slots.fileName]?.bytes.count ?? .max < Slots.largestByteCount)
  }
}
