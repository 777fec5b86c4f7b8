using KubeFlex.Server.Data;
using KubeFlex.Storage;

namespace KubeFlex.Server.ControlPlanes;

/// <summary>Where the datastore of a control plane with <c>backend: dedicated</c> is.</summary>
internal interface IDedicatedDatastores
{
    /// <summary>Its place, whether there is one yet or not.</summary>
    DatastoreUrl Of(string controlPlane);
}

/// <summary>The two places: a file of its own beside a shared SQLite file, a database of its own beside a shared PostgreSQL database.</summary>
internal static class DedicatedDatastores
{
    public static IDedicatedDatastores For(DatastoreUrl? shared, DataDirectory directory) =>
        shared?.Beside("x") is null ? new Files(directory) : new Databases(shared);

    private sealed class Files(DataDirectory directory) : IDedicatedDatastores
    {
        public DatastoreUrl Of(string controlPlane) => DatastoreUrl.Sqlite(directory.Dedicated(controlPlane));
    }

    private sealed class Databases(DatastoreUrl shared) : IDedicatedDatastores
    {
        public DatastoreUrl Of(string controlPlane) => shared.Beside(controlPlane)!;
    }
}
