using KubeFlex.Storage;

namespace KubeFlex.ApiServer;

/// <summary>Where objects stand in a store. Other keys (allocations, bookkeeping) stand outside of it and hold no objects.</summary>
public static class ObjectKeys
{
    private const string Prefix = "/registry/";

    /// <summary>Start of every object's key.</summary>
    public static ReadOnlySpan<byte> Root => "/registry/"u8;

    /// <summary>Reads all objects.</summary>
    public static RangeQuery All => new(System.Text.Encoding.ASCII.GetBytes(Prefix), System.Text.Encoding.ASCII.GetBytes("/registry0"));
}
