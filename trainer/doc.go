// Package trainer trains networks. TODO
package trainer
