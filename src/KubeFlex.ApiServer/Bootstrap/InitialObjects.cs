using System.Security.Cryptography;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Bootstrap;

/// <summary>The objects a control plane starts with. Written in one transaction; later starts add what is missing and leave the rest alone.</summary>
internal static class InitialObjects
{
    public static async Task EnsureAsync(ControlPlane plane, CancellationToken cancellation)
    {
        var defaultNamespace = plane.BuiltIn("", "v1", "namespaces").Key("", "default");
        for (var attempt = 0; attempt < 8; attempt++)
        {
            var view = await plane.Store.ViewAsync(cancellation);
            var (compares, operations, now) = (new List<Compare>(), new List<Operation>(), plane.Now);
            // A value whose deletion was somebody's wish does not come back: only a fresh store gets everything.
            var fresh = view.Get(defaultNamespace) is null;
            var uids = new Uids(fresh ? plane.Shared.InitialObjects.Count : 8);
            foreach (var initial in plane.Shared.InitialObjects)
            {
                if (view.Get(initial.Key) is not null || !fresh && !initial.Restored) continue;
                compares.Add(new Compare(initial.Key, CompareTarget.CreateRevision, CompareRelation.Equal));
                operations.Add(initial.Put(plane.Options, now, uids.Next()));
            }
            if (operations.Count == 0 || (await plane.Store.CommitAsync(new Transaction(compares, operations, []), cancellation)).Succeeded) return;
        }
        throw new InvalidOperationException($"Control plane {plane.Options.Name}: somebody else keeps writing its first objects.");
    }

    /// <summary>Random uids (RFC 9562, version 4). Each <see cref="Guid.NewGuid"/> asks the system for its bytes, which for two hundred is most of what they cost.</summary>
    private sealed class Uids(int batch)
    {
        private byte[] random = [];
        private int at;

        public Guid Next()
        {
            if (at == random.Length) (random, at) = (RandomNumberGenerator.GetBytes(16 * batch), 0);
            var bytes = random.AsSpan(at, 16);
            at += 16;
            bytes[6] = (byte)(bytes[6] & 0x0f | 0x40);
            bytes[8] = (byte)(bytes[8] & 0x3f | 0x80);
            return new Guid(bytes, bigEndian: true);
        }
    }
}
