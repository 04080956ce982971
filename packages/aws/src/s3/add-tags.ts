import { GetObjectTaggingCommand, PutObjectTaggingCommand, type S3Client } from '@aws-sdk/client-s3';

/**
 * Adds tags to an object's: those of the same name are replaced, others stay. Tags that somebody else writes between
 * the two requests are lost: S3 writes all of them or none, and knows no condition for it. Throws S3's own errors.
 */
export async function addTags(
  client: S3Client,
  object: { Bucket: string; Key: string; VersionId?: string },
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  const { TagSet = [] } = await client.send(new GetObjectTaggingCommand(object));
  const merged = new Map(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]));
  for (const [name, value] of Object.entries(tags)) merged.set(name, value);
  const Tagging = { TagSet: [...merged].map(([Key, Value]) => ({ Key, Value })) };
  await client.send(new PutObjectTaggingCommand({ ...object, Tagging }));
}
