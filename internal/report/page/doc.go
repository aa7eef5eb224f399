// Package page draws what there is to show of a job as one HTML file each: the
// evidence, which is kept, and the status of a worker, which is live. A page is
// complete in itself: styles and charts are inside, it asks no network for
// anything, and its content security policy says so. Every value is escaped by
// html/template; nothing of a job goes in as markup.
package page
