import Foundation
import TestBroker
import TestPackages
import Testing

/// The attack of that name in The Update Framework's list: a broker that hands a release out so slowly that the device never has it.
@Suite(.enabled(if: RealBroker.isAvailable), .serialized, .timeLimit(.minutes(5))) struct SlowRetrievalTests {
  @Test func `a broker that hands out a byte a second holds up nothing but the update, and the device says so`() throws {
    let broker = try RealBroker()
    let slow = try SlowBroker(before: broker)
    let (fleet, watcher, scene) = (try Fleet(broker), try Watcher(broker), try Scene())
    scene.mqtt = "{url: \"\(slow.url)\"}"
    // Acknowledgements come as slowly as all else: of more results than a broker lets wait for theirs, the rest waits in the outbox.
    scene.camera = "{source: \"folder:images\", frame_rate: 1}"
    scene.updates = fleet.updates(watch: "1 s")
    try fleet.release(FixedPackage.bytes(version: "1"))
    let daemon = try scene.daemon()
    #expect(watcher.waitFor("installed", "1") != nil, "\(daemon.errorText)")

    slow.slow("/metadata/targets", .aByteASecond)
    try fleet.release(FixedPackage.bytes(version: "2"))
    #expect(watcher.waitForCheck("unavailable", about: "/metadata/targets"), "\(daemon.errorText)")
    #expect(watcher.wait(for: watcher.count("/detections") + 5, of: "/detections"))
    slow.recover()
    try fleet.run("renew")
    try fleet.publish()
    #expect(watcher.waitFor("installed", "2") != nil, "\(daemon.errorText)")

    slow.slow("/blocks/", .aByteASecond)
    try fleet.release(FixedPackage.bytes(version: "3"))
    let model = try #require(watcher.waitFor("failed", "3"), "\(daemon.errorText)")
    let last = try #require(model["last"] as? [String: Any])
    #expect(last["code"] as? String == "unavailable" && (last["reason"] as? String)?.contains("slow") == true, "\(last)")
    #expect((model["active"] as? [String: Any])?["version"] as? String == "2")
    #expect(watcher.wait(for: watcher.count("/detections") + 5, of: "/detections"))
    slow.recover()
    try fleet.run("renew")
    try fleet.publish()
    #expect(watcher.waitFor("installed", "3") != nil, "\(daemon.errorText)")
    #expect(watcher.waitForVersions("1", "2", "3"))
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
  }
}
