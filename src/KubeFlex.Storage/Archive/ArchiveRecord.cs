namespace KubeFlex.Storage.Archive;

/// <summary>One piece of a backup, in the order of the file.</summary>
public abstract record ArchiveRecord;

/// <summary>A file of the server, such as a key of its identity.</summary>
/// <param name="Name">Relative name with forward slashes.</param>
/// <param name="Content">Its bytes.</param>
public sealed record ArchivedFile(string Name, byte[] Content) : ArchiveRecord;

/// <summary>A key of another store that belongs to a store, such as the object that declares a control plane.</summary>
/// <param name="Store">The store it belongs to.</param>
/// <param name="Key">Key in the other store.</param>
/// <param name="Value">Its value.</param>
public sealed record ArchivedObject(string Store, byte[] Key, byte[] Value) : ArchiveRecord;

/// <summary>A store begins; its versions and leases follow.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Revision">Its revision.</param>
/// <param name="Compacted">Its oldest readable revision.</param>
/// <param name="Dedicated">It had a database of its own.</param>
public sealed record ArchivedStore(string Name, long Revision, long Compacted, bool Dedicated) : ArchiveRecord;

/// <summary>A version of a key; version 0 is a tombstone.</summary>
/// <param name="Item">The version.</param>
/// <param name="Current">Nothing has replaced it.</param>
public sealed record ArchivedVersion(KeyValue Item, bool Current) : ArchiveRecord;

/// <summary>A lease.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Ttl">Seconds that it was granted for.</param>
/// <param name="Remaining">Milliseconds that were left; 0 when it has been kept alive: then it gets its whole time again.</param>
public sealed record ArchivedLease(long Id, long Ttl, long Remaining) : ArchiveRecord;

/// <summary>The store that began is complete.</summary>
/// <param name="Versions">How many versions it had.</param>
/// <param name="Leases">How many leases it had.</param>
public sealed record ArchivedStoreEnd(long Versions, long Leases) : ArchiveRecord;
