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
            foreach (var initial in plane.Shared.InitialObjects)
            {
                if (view.Get(initial.Key) is not null || !fresh && !initial.Restored) continue;
                compares.Add(new Compare(initial.Key, CompareTarget.CreateRevision, CompareRelation.Equal));
                operations.Add(initial.Put(plane.Options, now));
            }
            if (operations.Count == 0 || (await plane.Store.CommitAsync(new Transaction(compares, operations, []), cancellation)).Succeeded) return;
        }
        throw new InvalidOperationException($"Control plane {plane.Options.Name}: somebody else keeps writing its first objects.");
    }
}
