/**
 * Says in one sentence that this Node is too old. Written so that an old Node can read it; it cannot install a newer one.
 * The ranges are those of package.json's `engines`.
 */
export function requireNode() {
  var parts = process.versions.node.split(".").map(Number);
  var major = parts[0];
  var minor = parts[1];
  var isSupported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 24;
  if (isSupported) return;
  console.error("Eightysix needs Node 20.19, 22.12, 24 or newer; this is Node " + process.versions.node + ".");
  process.exit(1);
}
